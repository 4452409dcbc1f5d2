/** All artifacts that are taken from a host. A new one is an entry in one of these lists. */
import type { Collector } from '../../ports/host.ts';
import { hostCollectors } from './host-facts.ts';
import { logCollectors } from './log-windows.ts';
import { processCollectors } from './processes.ts';
import { runtimeCollectors } from './runtime.ts';
import { watchdogCollectors } from './watchdog-dumps.ts';
import { unitCollectors } from './units.ts';
import type { CollectorContext } from './collector-context.ts';

export function createCollectors(context: CollectorContext): readonly Collector[] {
  return [
    logCollectors,
    watchdogCollectors,
    runtimeCollectors,
    unitCollectors,
    processCollectors,
    hostCollectors,
  ].flatMap((of) => of(context));
}
