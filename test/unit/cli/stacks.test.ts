import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MedicError } from '../../../src/ports/errors.ts';
import type { GoroutineHeader, LocalProcesses, SampleHeader, StackReading } from '../../../src/ports/stacks.ts';
import { runOffline } from './cli-harness.ts';

const DUMP = `goroutine 1 [select, 7 minutes]:\nmain.main(...)\n\t/src/main.go:8 +0x1b\n\n`;
const HEADER: GoroutineHeader = {
  ...{ kind: 'goroutines', goroutines: 1, running: 0, torn: 0, incomplete: 0 },
  ...{ durationMs: 90, textBytes: DUMP.length, peakBytes: 60_000_000 },
};

const FOLDED = `# 100 samples.\nmain.main;main.burn 97\n`;
const SAMPLED: SampleHeader = {
  ...{ kind: 'samples', samples: 100, busy: 97, failed: 0, stacks: 97, running: 0, torn: 0, incomplete: 0 },
  ...{ durationMs: 10_000, cpuMs: 9700, summary: '100 samples.', textBytes: FOLDED.length, peakBytes: 60_000_000 },
};

function aReading(change: Partial<GoroutineHeader> = {}, text = DUMP): StackReading {
  return { kind: 'goroutines', gzip: gzipSync(text), header: { ...HEADER, ...change } };
}

function aMachine(reading: StackReading | MedicError = aReading()): LocalProcesses & {
  readonly asked: number[];
  readonly sampled: object[];
} {
  const asked: number[] = [];
  const sampled: object[] = [];
  return {
    asked,
    sampled,
    mainPID: async (unit) => (unit === 'kubelet.service' ? 812 : 0),
    readStacks: async (pid) => {
      asked.push(pid);
      if (reading instanceof MedicError) throw reading;
      return reading;
    },
    sampleStacks: async (pid, limits) => {
      sampled.push({ pid, ...limits });
      return { gzip: gzipSync(FOLDED), header: SAMPLED };
    },
  };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stacks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('kubectl medic stacks', () => {
  test('prints them as Go does', async () => {
    const machine = aMachine();
    expect(await runOffline(['stacks', '--pid', '57'], { processes: machine })).toEqual({
      code: 0,
      out: DUMP,
      err: '',
    });
    expect(machine.asked).toEqual([57]);
  });

  test('asks systemd for the process of a unit', async () => {
    const machine = aMachine();
    await runOffline(['stacks', '--unit', 'kubelet.service'], { processes: machine });
    expect(machine.asked).toEqual([812]);
    const none = await runOffline(['stacks', '--unit', 'k3s.service'], { processes: machine });
    expect(none).toMatchObject({ code: 1, err: 'error: the unit k3s.service has no main process: it does not run\n' });
  });

  test.each([[[]], [['--pid', '1', '--unit', 'a.service']], [['--pid', 'x']], [['--pid', '1', '--timeout', '-1s']]])(
    'does not take %j',
    async (words) => {
      expect((await runOffline(['stacks', ...words], { processes: aMachine() })).code).toBe(2);
    },
  );

  test('writes a file, compressed by its name', async () => {
    for (const name of ['a.txt', 'a.txt.gz']) {
      const ran = await runOffline(['stacks', '--pid', '57', '-o', join(folder, name)], { processes: aMachine() });
      expect(ran).toEqual({ code: 0, out: '', err: '' });
    }
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe(DUMP);
    expect(gunzipSync(readFileSync(join(folder, 'a.txt.gz'))).toString()).toBe(DUMP);
    const nowhere = await runOffline(['stacks', '--pid', '57', '-o', join(folder, 'x/y')], { processes: aMachine() });
    expect(nowhere.code).toBe(2);
  });

  test('says what is missing', async () => {
    const reading = aReading({ goroutines: 9, running: 2, torn: 1, cutBy: 'time' });
    const { err } = await runOffline(['stacks', '--pid', '57'], { processes: aMachine(reading) });
    expect(err).toBe(
      '9 goroutines; of these 2 run, and have no stack; 1 changed while they were read, and have no stack; ' +
        'others are left out: the time was over\n',
    );
  });

  test('diagnoses from them, with the version that the program was built as', async () => {
    const buildInfo = {
      goVersion: 'go1.26.8',
      linkedStrings: { 'k8s.io/component-base/version.gitVersion': 'v1.36.3' },
    };
    const ran = await runOffline(['stacks', '--pid', '57', '--diagnose'], {
      processes: aMachine(aReading({ buildInfo })),
    });
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('No cause found');
  });

  test('prints the threads where the memory cannot be read, and why', async () => {
    const why = new MedicError('E_STACKS_DENIED', 'denied', 'no right to read /proc/57/mem');
    const gzip = gzipSync('threads of process 57: 1\n');
    const header = { kind: 'threads', threads: 1, uninterruptible: 0 } as const;
    const processes = aMachine({ kind: 'threads', gzip, header, why });
    expect(await runOffline(['stacks', '--pid', '57', '--diagnose'], { processes })).toEqual({
      code: 1,
      out: 'threads of process 57: 1\n',
      err: 'error: no right to read /proc/57/mem; these are its threads\n',
    });
  });

  test('prints what runs in a time, as folded stacks', async () => {
    const machine = aMachine();
    expect(await runOffline(['stacks', '--pid', '57', '--sample', '10s'], { processes: machine })).toEqual({
      code: 0,
      out: FOLDED,
      err: '',
    });
    expect(machine.sampled).toEqual([{ pid: 57, durationMs: 10_000, timeoutMs: 15_000 }]);
    expect(machine.asked).toEqual([]);
  });

  test('writes what runs to a file, and says what is in it', async () => {
    const path = join(folder, 'a.folded');
    const ran = await runOffline(['stacks', '--unit', 'kubelet.service', '--sample', '1m', '-o', path], {
      processes: aMachine(),
    });
    expect(ran).toEqual({ code: 0, out: '', err: '100 samples.\n' });
    expect(readFileSync(path, 'utf8')).toBe(FOLDED);
  });

  test.each([[['--sample', '0s']], [['--sample', '11m']], [['--sample', '5s', '--diagnose']]])(
    'takes no samples with %j',
    async (words) => {
      const machine = aMachine();
      expect((await runOffline(['stacks', '--pid', '57', ...words], { processes: machine })).code).toBe(2);
      expect(machine.sampled).toEqual([]);
    },
  );

  test('shows no control characters that a program has in its names', async () => {
    const { out } = await runOffline(['stacks', '--pid', '57'], {
      processes: aMachine(aReading({}, 'goroutine 1 [select]:\nmain.\u001b[2J(...)\n\t/a.go:1 +0x1\n')),
    });
    expect(out).toBe('goroutine 1 [select]:\nmain.\\x1b[2J(...)\n\t/a.go:1 +0x1\n');
  });
});
