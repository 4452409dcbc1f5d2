/** Unit facts for tables. */
import type { UnitFacts } from '../../../src/ports/host.ts';
import { T0 } from '../../support/builders/objects.ts';

export const BEFORE = { pid: 100, invocationID: 'a'.repeat(32) };

export function aUnit(facts: Partial<UnitFacts> = {}): UnitFacts {
  return {
    unit: 'kubelet.service',
    loadState: 'loaded',
    activeState: 'active',
    subState: 'running',
    result: 'success',
    mainPID: BEFORE.pid,
    invocationID: BEFORE.invocationID,
    startedAt: T0 - 3_600_000,
    changedAt: T0 - 3_600_000,
    leftActiveAt: undefined,
    hasJob: false,
    requires: [],
    restarts: 0,
    restart: 'always',
    watchdogMs: undefined,
    killMode: 'control-group',
    ...facts,
  };
}
