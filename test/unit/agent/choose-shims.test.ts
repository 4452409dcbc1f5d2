import { describe, expect, test } from '@jest/globals';
import { chooseShims, type LateLog } from '../../../src/agent/evidence/choose-shims.ts';
import type { Shim, ShimSignKind } from '../../../src/ports/host.ts';

function aShim(pid: number, kinds: readonly ShimSignKind[] = []): Shim {
  return {
    pid,
    startTicks: 1,
    unit: 'containerd.service',
    sandbox: `sandbox-${String(pid)}`,
    containers: [`sandbox-${String(pid)}`, `container-${String(pid)}`],
    signs: kinds.map((kind) => ({ kind, text: `${kind} of ${String(pid)}` })),
  };
}

function aLog(name: string, lines: Readonly<Record<string, number>>): LateLog {
  return { name, containers: new Map(Object.entries(lines)) };
}

function pids(shims: readonly Shim[], logs: readonly LateLog[] = []): readonly number[] {
  return chooseShims(shims, logs).map(({ shim }) => shim.pid);
}

describe('the shims that are waited for', () => {
  test('are none where nothing speaks for it', () => {
    expect(chooseShims([aShim(1), aShim(2)], [aLog('kubelet.log', { 'sandbox-9': 4 })])).toEqual([]);
  });

  test('are in the order of how sure the sign is', () => {
    const shims = [
      aShim(1, ['child-uninterruptible']),
      aShim(2),
      aShim(3, ['runc-lasts']),
      aShim(4, ['uninterruptible']),
      aShim(5, ['child-uninterruptible', 'stopped']),
    ];
    expect(pids(shims, [aLog('runtime.log', { 'container-2': 1 })])).toEqual([5, 4, 3, 2, 1]);
  });

  test('are those first that most lines of the logs name, of equals', () => {
    const logs = [aLog('kubelet.log', { 'sandbox-1': 2, 'container-2': 2 }), aLog('runtime.log', { 'sandbox-2': 1 })];
    expect(pids([aShim(1), aShim(2)], logs)).toEqual([2, 1]);
  });

  test('say all that speaks for it', () => {
    const [chosen] = chooseShims([aShim(1, ['stopped'])], [aLog('runtime.log', { 'container-1': 3, 'sandbox-1': 1 })]);
    expect(chosen?.reasons).toEqual(['stopped of 1', 'calls of it took too long, by 4 lines of runtime.log']);
  });
});
