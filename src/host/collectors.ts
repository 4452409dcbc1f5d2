/** All artifacts that are taken from a host. A new one is an entry in one of these lists. */
import type { Collector } from '../ports/host.ts';
import { hostCollectors } from './collect-host.ts';
import { logCollectors } from './collect-logs.ts';
import { processCollectors } from './collect-processes.ts';
import { runtimeCollectors } from './collect-runtime.ts';
import { unitCollectors } from './collect-units.ts';
import type { CollectorContext } from './collector-context.ts';

export function createCollectors(context: CollectorContext): readonly Collector[] {
  return [logCollectors, runtimeCollectors, unitCollectors, processCollectors, hostCollectors].flatMap((of) =>
    of(context),
  );
}
