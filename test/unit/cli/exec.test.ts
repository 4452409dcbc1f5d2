import { afterEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createPodExec } from '../../../src/kube/exec.ts';
import { createSystemClock } from '../../../src/platform/clock.ts';
import { startWebSocketPod, type WebSocketPod } from './web-socket-pod.ts';

const TARGET = { namespace: 'medic', pod: 'agent-1', container: 'agent' };
const LIMITS = { deadlineMs: 5_000, maxBytes: 10_000_000 };
const SUCCESS = { kind: 'Status', status: 'Success' };

let pod: WebSocketPod | undefined;
afterEach(async () => {
  await pod?.close();
  pod = undefined;
});

async function run(
  command: Parameters<typeof startWebSocketPod>[0],
  options: { readonly refuse?: number; readonly limits?: Partial<typeof LIMITS> } = {},
): Promise<Buffer> {
  pod = await startWebSocketPod(command, options.refuse);
  const exec = createPodExec(pod.connection, createSystemClock());
  return await exec.run(TARGET, ['cat', '--', '/a file'], { ...LIMITS, ...options.limits });
}

describe('a command in a container', () => {
  test('is run without a shell, and gives its output byte for byte', async () => {
    const bytes = randomBytes(3_000_000);
    const got = await run((argv, io) => {
      expect(argv).toEqual(['cat', '--', '/a file']);
      for (let at = 0; at < bytes.length; at += 32_768) io.stdout(bytes.subarray(at, at + 32_768));
      io.exit(SUCCESS);
    });
    expect(got.equals(bytes)).toBe(true);
    expect(pod?.asked[0]?.url.pathname).toBe('/api/v1/namespaces/medic/pods/agent-1/exec');
    expect(pod?.asked[0]?.url.searchParams.get('container')).toBe('agent');
    expect(pod?.asked[0]?.authorization).toBe('Bearer sesame');
  });

  test('that fails says what it wrote to standard error', async () => {
    const failing = run((_argv, io) => {
      io.stderr('cat: /a file: No such file or directory\n');
      io.exit({ kind: 'Status', status: 'Failure', message: 'command terminated with exit code 1' });
    });
    await expect(failing).rejects.toMatchObject({
      code: 'E_EXEC_FAILED',
      message: expect.stringMatching(/exec cat .* in pod medic\/agent-1: .*exit code 1: cat: .*No such file/),
    });
  });

  test('whose connection ends first has not succeeded, whatever it wrote', async () => {
    const cut = run((_argv, io) => {
      io.stdout(Buffer.from('half of it'));
      setTimeout(io.cut, 20);
    });
    await expect(cut).rejects.toMatchObject({ code: 'E_EXEC_FAILED' });
  });

  test('that never ends is given up at its deadline', async () => {
    const endless = run(() => undefined, { limits: { deadlineMs: 50 } });
    await expect(endless).rejects.toMatchObject({ code: 'E_KUBE_DEADLINE' });
  });

  test('that writes more than is wanted is refused, not cut', async () => {
    const long = run(
      (_argv, io) => {
        io.stdout(Buffer.alloc(1_001));
        io.exit(SUCCESS);
      },
      { limits: { maxBytes: 1_000 } },
    );
    await expect(long).rejects.toThrow('more than 1000 bytes');
  });

  test.each([
    [403, 'E_KUBE_DENIED'],
    [404, 'E_KUBE_ABSENT'],
    [500, 'E_KUBE_SERVER'],
  ])('that the API server answers with %d gives %s', async (refuse, code) => {
    await expect(run(() => undefined, { refuse })).rejects.toMatchObject({ code });
  });

  test('on a server that is not there says so', async () => {
    const gone = await startWebSocketPod(() => undefined);
    await gone.close();
    const exec = createPodExec(gone.connection, createSystemClock());
    await expect(exec.run(TARGET, ['true'], LIMITS)).rejects.toMatchObject({ code: 'E_KUBE_UNREACHABLE' });
  });
});
