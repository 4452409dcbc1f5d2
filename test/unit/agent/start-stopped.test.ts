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

test.each<[string, Partial<UnitFacts>, boolean]>([
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
  expect(wasStoppedWith(aUnit({ ...down, ...part }), record)).toBe(want);
});
