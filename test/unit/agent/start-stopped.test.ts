import { expect, test } from '@jest/globals';
import { wasStoppedWith } from '../../../src/agent/act/start-stopped.ts';
import type { ActRecord } from '../../../src/core/decision/actions.ts';
import type { UnitFacts } from '../../../src/ports/host.ts';
import { at, T0 } from '../../support/builders/objects.ts';
import { aUnit } from './units.ts';

const record: ActRecord = {
  name: 'act-1',
  action: 'RestartRuntime',
  state: 'Reserved',
  unit: 'containerd.service',
  reservedAt: at(0),
  issuedAt: at(1_000),
};
const down = { activeState: 'inactive', mainPID: 0, requires: ['containerd.service'], changedAt: T0 + 1_500 };

/** Up again two seconds after our act began. */
const runtime = aUnit({ activeState: 'active', changedAt: T0 + 3_000 });

test.each<[string, Partial<UnitFacts>, boolean]>([
  ['that left with the runtime, and took long', { leftActiveAt: T0 + 1_200, changedAt: T0 + 60_000 }, true],
  ['that left when the runtime was up again', { leftActiveAt: T0 + 3_001, changedAt: T0 + 3_002 }, false],
  ['stopped when the runtime was up again', { leftActiveAt: undefined, changedAt: T0 + 3_001 }, false],
  ['stopped within our act, by dependency', {}, true],
  ['stopped before', { changedAt: T0 + 999 }, false],
  ['stopped long after it', { changedAt: T0 + 1_000 + 150_001 }, false],
  ['stopped at a time that nobody knows', { changedAt: undefined }, false],
  ['stopped within our act, and that does not need the runtime', { requires: ['sysinit.target'] }, false],
  ['that is masked', { loadState: 'masked' }, false],
  ['that systemd is about to start', { hasJob: true }, false],
  ['that runs', { activeState: 'active', mainPID: 7 }, false],
  ['that ended badly as systemd stopped it', { activeState: 'failed', result: 'timeout' }, true],
  ['that has failed by itself', { activeState: 'failed', restart: 'on-failure' }, false],
])('a kubelet %s: is it to be started by us?', (_, part, want) => {
  expect(wasStoppedWith(aUnit({ ...down, ...part }), record, runtime)).toBe(want);
});

test.each<[string, UnitFacts | undefined]>([
  ['is not up', aUnit({ activeState: 'failed', changedAt: T0 + 1_100 })],
  ['is not known', undefined],
])('a kubelet that was stopped within our act of a runtime that %s is to be started', (_, runtime) => {
  expect(wasStoppedWith(aUnit({ ...down, changedAt: T0 + 100_000 }), record, runtime)).toBe(true);
});
