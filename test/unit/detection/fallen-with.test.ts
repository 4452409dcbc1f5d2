import { expect, test } from '@jest/globals';
import { type BoundUnit, type Fallen, fallenWith } from '../../../src/core/detection/fallen-with.ts';
import { T0 } from '../../support/builders/objects.ts';
import { aUnit } from '../agent/units.ts';

const kubelet = aUnit({
  activeState: 'inactive',
  subState: 'dead',
  mainPID: 0,
  requires: ['sysinit.target', 'containerd.service'],
  leftActiveAt: T0 + 20,
});
/** As it is when systemd has started it again. */
const runtime = aUnit({ unit: 'containerd.service', restarts: 1, leftActiveAt: T0 });
const fallen: Fallen = { runtime: 'containerd.service', invocationID: kubelet.invocationID };

interface Case {
  readonly kubelet?: Partial<BoundUnit>;
  readonly runtime?: Partial<BoundUnit>;
  readonly before?: Fallen;
}

test.each<[string, Case, boolean]>([
  ['with a runtime that crashed and is back', {}, true],
  [
    'with a runtime that is about to be started again',
    { runtime: { activeState: 'activating', subState: 'auto-restart', restarts: 0, result: 'signal' } },
    true,
  ],
  [
    'with a runtime that has failed',
    { runtime: { activeState: 'failed', restarts: 5, result: 'start-limit-hit' } },
    true,
  ],
  ['and did not end in time', { kubelet: { activeState: 'failed', result: 'timeout' } }, true],
  ['with a runtime that has been restarted since', { runtime: { restarts: 0 }, before: fallen }, true],
  ['with a runtime that cannot be read any more', { runtime: { unit: 'crio.service' }, before: fallen }, true],
  [
    'in another run than at the look before',
    { runtime: { restarts: 0 }, before: { ...fallen, invocationID: 'f'.repeat(32) } },
    false,
  ],
  ['and runs again', { kubelet: { activeState: 'active', mainPID: 7 }, before: fallen }, false],
  ['and somebody has masked it since', { kubelet: { loadState: 'masked' }, before: fallen }, false],
  ['and is about to be started', { kubelet: { hasJob: true } }, false],
  [
    'with a runtime that a person stopped, and that had crashed days ago',
    { runtime: { activeState: 'inactive', restarts: 3, mainPID: 0 } },
    false,
  ],
  [
    'with a runtime that a person stopped, and that exits with a code then',
    { runtime: { activeState: 'failed', restart: 'on-failure', restarts: 1, result: 'exit-code' } },
    false,
  ],
  [
    'with a runtime that was killed, and is not started again',
    { runtime: { activeState: 'failed', restarts: 0, result: 'signal' } },
    true,
  ],
  ['with a runtime that a person stopped', { runtime: { activeState: 'inactive', restarts: 0, mainPID: 0 } }, false],
  ['with a runtime that a person stopped and started', { runtime: { restarts: 0 } }, false],
  [
    'with a runtime that a person stopped, and that ended badly',
    { runtime: { activeState: 'failed', restarts: 0, result: 'timeout' } },
    false,
  ],
  ['by a person, a moment before the runtime crashed', { kubelet: { leftActiveAt: T0 - 1 } }, false],
  ['by a person, long after the runtime crashed', { kubelet: { leftActiveAt: T0 + 1_001 } }, false],
  ['at a time that nobody knows', { kubelet: { leftActiveAt: undefined } }, false],
  ['and the runtime ended at a time that nobody knows', { runtime: { leftActiveAt: undefined } }, false],
  ['and its unit does not need the runtime', { kubelet: { requires: [] } }, false],
  ['by a systemd that does not tell runs apart', { kubelet: { invocationID: '' } }, false],
])('a kubelet that was stopped %s', (_, part, want) => {
  const found = fallenWith({ ...kubelet, ...part.kubelet }, { ...runtime, ...part.runtime }, part.before);
  expect(found).toEqual(want ? fallen : undefined);
});

test('what cannot be read was not stopped with anything', () => {
  expect(fallenWith(undefined, runtime, fallen)).toBeUndefined();
  expect(fallenWith(kubelet, undefined)).toBeUndefined();
  expect(fallenWith(kubelet, undefined, fallen)).toEqual(fallen);
});
