/** The commands of a drill, run on real processes of this machine; systemd alone is feigned. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Commands, createCommands, isAllowed } from '../../../src/host/command.ts';
import { parseStat } from '../../../src/host/process/proc-parse.ts';
import { eventually } from '../../support/real-time.ts';
import { DISARM_COMMAND, signalCommand, switchCommand } from '../../../src/host/unit/fault-commands.ts';
import { createFaults } from '../../../src/host/unit/faults.ts';
import type { FaultMaker, ProcessIdentity, UnitFacts } from '../../../src/ports/host.ts';

const never = new AbortController().signal;
let child: ChildProcess;
let target: ProcessIdentity;
/** systemd's orders, in order; `stop`: it was SIGSTOP. */
let calls: string[];
let timer: string | undefined;

function statOf(pid: number): ReturnType<typeof parseStat> {
  return parseStat(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
}
const stateNow = (): string => statOf(target.pid)?.state ?? 'gone';
/** A busy machine takes its time to stop a process. */
const isStopped = (): Promise<void> => eventually('it is stopped', () => stateNow() === 'T');

/** @param armed whether systemd has the timer that it was told to have. */
function faults(armed = true): FaultMaker {
  const real = createCommands(undefined);
  const commands: Commands = {
    ...real,
    async run(argv, options) {
      const isSignal = argv[0] === '/bin/sh';
      calls.push(isSignal ? (argv[4] ?? '') : argv.slice(0, 2).join(' '));
      if (isSignal) return await real.run(argv, options);
      timer = argv[0] === 'systemd-run' && armed ? 'active' : undefined;
      return { stdout: Buffer.alloc(0), stderr: '', truncated: false, exitCode: 0 };
    },
  };
  const show = (): Promise<UnitFacts | undefined> =>
    Promise.resolve(timer === undefined ? undefined : ({ activeState: timer } as UnitFacts));
  return createFaults(commands, { show });
}

beforeEach(async () => {
  calls = [];
  timer = undefined;
  child = spawn('sleep', ['60']);
  await new Promise((resolve) => child.once('spawn', resolve));
  const pid = child.pid ?? 0;
  target = { pid, startTicks: statOf(pid)?.startTicks ?? 0 };
});
afterEach(() => {
  child.kill('SIGKILL');
});

describe('a fault', () => {
  test('stops the process once systemd has its order, and is undone', async () => {
    await faults().stop(target, 180_000, never);
    await isStopped();
    expect(calls).toEqual(['systemd-run --quiet', 'STOP']);
    await faults().resume(target, never);
    await eventually('it goes on', () => stateNow() !== 'T');
    expect(calls.slice(2)).toEqual(['CONT', 'systemctl stop']);
  });

  test('is not made where systemd does not have the order', async () => {
    await expect(faults(false).stop(target, 180_000, never)).rejects.toThrow('nothing is stopped');
    expect(stateNow()).not.toBe('T');
  });

  test('is not made on a process that has taken the pid', async () => {
    const other = { ...target, startTicks: target.startTicks + 1 };
    await expect(faults().stop(other, 180_000, never)).rejects.toThrow('/bin/sh: exit 1');
    expect(stateNow()).not.toBe('T');
  });

  test('is not undone on a process that has taken the pid, nor where it is gone', async () => {
    await faults().stop(target, 180_000, never);
    await isStopped();
    await faults().resume({ ...target, startTicks: target.startTicks + 1 }, never);
    expect(stateNow()).toBe('T');
    await faults().resume({ pid: 4_194_303, startTicks: 1 }, never);
  });
});

test('systemd runs the very script that undoes the fault, once it has replaced its variables', async () => {
  process.kill(target.pid, 'SIGSTOP');
  await isStopped();
  const argv = switchCommand(target, 180);
  const at = argv.indexOf('/bin/sh');
  const [, ...args] = argv.slice(at).map((word) => word.replaceAll('$$', () => '$'));
  expect(args).toEqual(signalCommand('CONT', target).slice(1));
  execFileSync('/bin/sh', args);
  await eventually('it goes on', () => stateNow() !== 'T');
});

describe('of the commands of faults', () => {
  const known = { pid: 5, startTicks: 6 };
  test.each([
    ['the stop', signalCommand('STOP', known), true],
    ['the end', signalCommand('CONT', known), true],
    ['the order', switchCommand(known, 180), true],
    ['what takes the order back', DISARM_COMMAND, true],
    ['a look at the order', ['systemctl', 'show', '--property=Id,ActiveState', 'kubelet-medic-drill.timer'], true],
    ['another script', ['/bin/sh', '-c', 'reboot', 'sh', 'STOP', '5', '6'], false],
    ['one more word', [...signalCommand('STOP', known), '7'], false],
    ['another signal', signalCommand('CONT', known).map((word) => (word === 'CONT' ? 'KILL' : word)), false],
    ['a pid that is none', signalCommand('CONT', known).map((word) => (word === '5' ? '-1' : word)), false],
    ['another order', switchCommand(known, 180).map((word) => (word === '--quiet' ? '--user' : word)), false],
    ['an order of a day', switchCommand(known, 86_400), false],
    ['the stop of another unit', ['systemctl', 'stop', 'kubelet.service'], false],
  ])('%s is allowed: %#', (_what, argv, allowed) => {
    expect(isAllowed(argv)).toBe(allowed);
  });
});
