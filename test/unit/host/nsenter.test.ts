import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Commands, createCommands, isAllowed } from '../../../src/host/command.ts';

const never = new AbortController().signal;
const options = { signal: never, maxBytes: 100_000 };
describe('the list of commands', () => {
  test.each([
    [['systemctl', 'show', '--property=Id,MainPID', 'kubelet.service']],
    [['systemctl', 'show', 'kubelet.service', 'containerd.service']],
    [['systemctl', 'restart', 'kubelet.service']],
    [['systemctl', 'restart', 'snap.microk8s.daemon-kubelite.service']],
    [['systemctl', 'reset-failed', 'kubelet.service']],
    [['systemctl', 'kill', '--kill-who=main', '--signal=SIGKILL', 'containerd.service']],
    [['systemctl', 'reboot']],
    [['dmesg']],
    [['journalctl', '--output=json', '--unit=kubelet.service', '--since=@1', '--follow', '--no-tail']],
    [['journalctl', '--reverse', '--unit=kubelet.service', '_PID=1']],
    [['journalctl', '--after-cursor=s=ab;i=1;b=2;m=3;t=4;x=5']],
  ])('has %j', (argv) => {
    expect(isAllowed(argv)).toBe(true);
  });

  test.each([
    [[]],
    [['sh', '-c', 'id']],
    [['systemctl']],
    [['systemctl', 'kill', 'kubelet.service']],
    [['systemctl', 'kill', '--kill-who=all', '--signal=SIGKILL', 'containerd.service']],
    [['systemctl', 'kill', '--kill-who=main', '--signal=SIGTERM', 'containerd.service']],
    [['systemctl', 'kill', '--kill-who=main', '--signal=SIGKILL', 'a.service', 'b.service']],
    [['systemctl', 'reset-failed']],
    [['systemctl', 'stop', 'kubelet.service']],
    [['systemctl', 'restart']],
    [['systemctl', 'restart', '--force']],
    [['systemctl', 'restart', '-H', 'other']],
    [['systemctl', 'restart', 'a.service', 'b.service']],
    [['systemctl', 'restart', '../x.service']],
    [['systemctl', 'restart', 'a.service; reboot']],
    [['systemctl', 'show', '--property=Id']],
    [['systemctl', 'reboot', '--force']],
    [['journalctl', '--vacuum-size=1']],
    [['journalctl', '--file=/etc/shadow']],
    [['journalctl', '--unit=-x']],
    [['journalctl', '_PID=1 --vacuum-size=1']],
    [['journalctl', '_COMM=su']],
    [['/proc/self/exe', '--version']],
    [['/proc/57/exe', '--kubeconfig=x']],
    [['/proc/57/../1/exe', '--version']],
    [['/proc/57/exe', '--version']],
    [['/usr/bin/kubelet', '--version']],
    [['dmesg', '--clear']],
  ])('lacks %j', (argv) => {
    expect(isAllowed(argv)).toBe(false);
  });

  test('is asked before anything is started', async () => {
    await expect(createCommands(undefined).run(['sh', '-c', 'id'], options)).rejects.toMatchObject({
      code: 'E_HOST_COMMAND_REFUSED',
    });
  });
});

describe('a command', () => {
  const commands = createCommands(undefined);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medic-path-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Commands of a host whose dmesg is this script. */
  async function hostWhere(script: string): Promise<Commands> {
    await writeFile(join(folder, 'dmesg'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return createCommands(undefined, folder);
  }

  test('is described as it is run, with the way into the host', () => {
    expect(createCommands(1).describe(['systemctl', 'reboot'])).toBe('nsenter -t 1 -m -u -i -n -p -- systemctl reboot');
    expect(commands.describe(['systemctl', 'reboot'])).toBe('systemctl reboot');
  });

  test('gives its output and its exit code', async () => {
    const result = await (await hostWhere('echo $TZ; echo no >&2; exit 3')).run(['dmesg'], options);
    expect(result).toEqual({ exitCode: 3, truncated: false, stderr: 'no\n', stdout: Buffer.from('UTC\n') });
  });

  test('is cut at its bound, and ended', async () => {
    const host = await hostWhere('while :; do echo 0123456789; done');
    const result = await host.run(['dmesg'], { ...options, maxBytes: 3 });
    expect(result).toMatchObject({ truncated: true, stdout: Buffer.from('012') });
  });

  test('that is not there is a failure with a code', async () => {
    await expect(createCommands(undefined, folder).run(['dmesg'], options)).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
    });
  });

  test('ends with the signal, with the reason of the signal', async () => {
    const reason = new Error('the agent stops');
    await expect(commands.run(['dmesg'], { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('that is running is killed when the signal comes', async () => {
    const stop = new AbortController();
    const reason = new Error('no answer within 5s');
    const running = (await hostWhere('exec sleep 600')).run(['dmesg'], { ...options, signal: stop.signal });
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test('streams its output', async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await hostWhere('echo one; echo two')).stream(['dmesg'], never)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('one\ntwo\n');
  });

  test('that cannot be started fails its stream', async () => {
    const read = async (): Promise<void> => {
      for await (const chunk of createCommands(undefined, folder).stream(['dmesg'], never)) expect(chunk).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ code: 'E_HOST_COMMAND' });
  });
});
