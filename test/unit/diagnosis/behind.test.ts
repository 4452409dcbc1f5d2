import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';

function unpacked(path: string): string {
  return gunzipSync(readFileSync(new URL(path, import.meta.url))).toString('utf8');
}

const KUBELET = unpacked('../../fixtures/corpus/kubelet-1.36.3-runtime-hung/goroutine-debug2.txt.gz');

/** A kubelet that waits for its runtime, and what the runtime's own stacks are. */
function verdictWith(runtime: string | undefined): Diagnosis {
  const kubelet = ['goroutines-1.txt.gz', 'goroutines-2.txt.gz'].map((name) => ({ name, text: KUBELET }));
  const own = ['runtime-goroutines-1.txt.gz', 'runtime-goroutines-2.txt.gz'];
  return diagnose({
    dumps: [...kubelet, ...(runtime === undefined ? [] : own.map((name) => ({ name, text: runtime })))],
    logs: [],
    probe: 'Timeout',
    host: undefined,
    kubeletVersion: 'v1.36.3',
    runtimeVersion: 'containerd 2.3.0',
  });
}

/** Containerd as it is when nothing holds it up, and so many goroutines at one lock that no entry of the catalogue knows. */
function containerdAtLock(count: number): string {
  const main =
    'goroutine 1 [select, 90 minutes]:\ngithub.com/containerd/containerd/v2/cmd/containerd/command.App.func1()\n\t/src/main.go:1 +0x1\n';
  const waiters = Array.from(
    { length: count },
    (_, i) =>
      `goroutine ${String(100 + i)} [sync.Mutex.Lock, 7 minutes]:\nsync.(*Mutex).Lock(...)\n\t/go/mutex.go:46\ngithub.com/containerd/containerd/v2/core/runtime/v2.(*TaskRegistry).Get(0xc0)\n\t/src/registry.go:88 +0x1f\n`,
  );
  return [main, ...waiters].join('\n');
}

describe('behind a runtime that does not answer', () => {
  test('is the cause that its own stacks show', () => {
    const { cause, behind } = verdictWith(unpacked('cases/containerd-load-shim-vfio-hang.txt.gz'));
    expect(cause).toBe('runtime-hung');
    expect(behind).toMatch(/^containerd-vfio-teardown-hang: .*50 minutes\]\)$/);
  });

  test('is the lock at which its goroutines queue, where no cause is known', () => {
    const { behind } = verdictWith(containerdAtLock(12));
    expect(behind).toContain('runtime-goroutines-2.txt.gz');
    expect(behind).toContain('12 goroutines wait for a lock in');
    expect(behind?.toLowerCase()).toContain('(*taskregistry).get');
  });

  test.each([
    ['its stacks were not read', undefined],
    ['it idles', unpacked('cases/containerd-idle.txt.gz')],
    ['two of its goroutines happen to meet at a lock', containerdAtLock(2)],
  ])('is nothing where %s', (_, runtime) => {
    expect(verdictWith(runtime)).toMatchObject({ cause: 'runtime-hung' });
    expect(verdictWith(runtime).behind).toBeUndefined();
  });

  test('is no second word where its own stacks are the verdict', () => {
    const verdict = verdictWith(unpacked('cases/containerd-status-lock-held.txt.gz'));
    expect(verdict).toMatchObject({ cause: 'containerd-status-store-lock', class: 'RuntimeHung' });
    expect(verdict.behind).toBeUndefined();
  });
});
