import { describe, expect, test } from '@jest/globals';
import {
  nextProgramRecord,
  resumedRecord,
  type ProcessWords,
  type ProgramFacts,
  type ProgramRecord,
  type UnitWords,
} from '../../../src/core/detection/program-state.ts';
import { T0 } from '../../support/builders/objects.ts';

const LOOK_MS = 10_000;
const active: UnitWords = {
  unit: 'kubelet.service',
  loadState: 'loaded',
  activeState: 'active',
  subState: 'running',
  result: 'success',
  mainPID: 812,
  restarts: 0,
  restart: 'always',
  hasJob: false,
};
const down = { ...active, activeState: 'inactive', subState: 'dead', mainPID: 0 };
const sleeping: ProcessWords = { state: 'S', tracerPID: 0, frozen: false, wchan: 'futex_wait_queue' };
const well: ProgramFacts = { unit: active, process: sleeping, silentMs: 0 };

/** Looks ten seconds apart, or as far as they say. */
function look(...facts: readonly (Partial<ProgramFacts> & { readonly afterMs?: number })[]): ProgramRecord {
  let [record, ms]: [ProgramRecord | undefined, number] = [undefined, 0];
  for (const { afterMs = LOOK_MS, ...part } of facts) {
    ms += afterMs;
    record = nextProgramRecord({ ...well, ...part }, record, { wallMs: T0 + ms, monotonicMs: 5_000 + ms });
  }
  return record!;
}
const process = (part: Partial<ProcessWords>): Partial<ProgramFacts> => ({ process: { ...sleeping, ...part } });
const unasked = (part: Partial<ProcessWords>): Partial<ProgramFacts> => ({ ...process(part), silentMs: undefined });
const unit = (part: Partial<UnitWords>): Partial<ProgramFacts> => ({ unit: { ...active, ...part } });
const gone = (part: Partial<UnitWords>): Partial<ProgramFacts> => ({ unit: { ...down, ...part }, process: undefined });

describe('a program of the host', () => {
  test.each<[string, readonly Partial<ProgramFacts>[], string, string]>([
    ['runs', [{}], 'Running', ''],
    ['runs, and cannot be asked', [{ silentMs: undefined }], 'Running', ''],
    ['has not answered for a moment', [{ silentMs: 9_999 }], 'Running', ''],
    ['has not answered for long', [{ silentMs: 10_000 }], 'Silent', 'it runs, and does not answer'],
    ['is stopped by a signal', [process({ state: 'T' })], 'Frozen', 'process 812 is stopped (SIGSTOP)'],
    ['is frozen with its group', [process({ frozen: true })], 'Frozen', 'the control group of process 812 is frozen'],
    [
      'is stopped by a debugger',
      [process({ state: 't', tracerPID: 99 })],
      'Debugged',
      'process 812 is traced by process 99',
    ],
    ['is traced while it runs', [process({ tracerPID: 99 })], 'Debugged', 'process 812 is traced by process 99'],
    ['waits in the kernel for a moment', [unasked({ state: 'D' })], 'Running', 'its main thread waits in the kernel'],
    [
      'waits in the kernel at two looks',
      [unasked({ state: 'D' }), unasked({ state: 'D', wchan: 'rpc_wait_bit_killable' })],
      'Uninterruptible',
      'process 812 waits in the kernel in rpc_wait_bit_killable and cannot be killed',
    ],
    [
      'waits in the kernel with one thread, and answers',
      [process({ state: 'D' }), process({ state: 'D' })],
      'Running',
      '',
    ],
    ['is stopped by a person', [gone({})], 'Stopped', 'kubelet.service is stopped'],
    [
      'is between the two halves of a restart',
      [gone({ hasJob: true })],
      'Starting',
      'kubelet.service is inactive, and about to be started',
    ],
    [
      'has failed, and is started by somebody',
      [gone({ activeState: 'failed', result: 'exit-code', hasJob: true })],
      'Starting',
      'kubelet.service is failed, and about to be started',
    ],
    [
      'was stopped by systemd with its runtime',
      [{ ...gone({}), fallenWith: 'containerd.service' }],
      'Failed',
      'kubelet.service was stopped by systemd as containerd.service, which it needs, ended by itself',
    ],
    ['is masked', [gone({ loadState: 'masked' })], 'Masked', 'kubelet.service is masked'],
    [
      'cannot be loaded',
      [gone({ loadState: 'bad-setting' })],
      'Broken',
      'systemd cannot load kubelet.service (bad-setting)',
    ],
    ['cannot be loaded any more and still runs', [unit({ loadState: 'error' })], 'Running', ''],
    ['is masked and still runs', [unit({ loadState: 'masked' })], 'Running', ''],
    [
      'has failed',
      [gone({ activeState: 'failed', result: 'start-limit-hit', restarts: 5 })],
      'Failed',
      'kubelet.service has failed (start-limit-hit)',
    ],
    [
      'ended badly when it was stopped',
      [gone({ activeState: 'failed', result: 'timeout' })],
      'Stopped',
      'kubelet.service was stopped, and ended badly (timeout)',
    ],
    [
      'has failed, and would not be started again',
      [gone({ activeState: 'failed', result: 'exit-code', restart: 'on-failure' })],
      'Failed',
      'kubelet.service has failed (exit-code)',
    ],
    ['is active without a process', [unit({ mainPID: 0 })], 'Failed', 'kubelet.service has no main process'],
    [
      'is started',
      [gone({ activeState: 'activating', subState: 'auto-restart', result: 'exit-code' })],
      'Starting',
      'kubelet.service is activating (auto-restart) (exit-code)',
    ],
    [
      'is stopped by a signal while it is started',
      [{ ...unit({ activeState: 'activating', subState: 'start' }), ...process({ state: 'T' }) }],
      'Frozen',
      'process 812 is stopped (SIGSTOP)',
    ],
    ['was restarted once, as by its watchdog', [unit({ restarts: 4 }), unit({ restarts: 5 })], 'Running', ''],
    [
      'is restarted again and again',
      [unit({ restarts: 4 }), unit({ restarts: 5 }), unit({ restarts: 6, result: 'exit-code' })],
      'CrashLooping',
      'kubelet.service was started again 2 times in 5 minutes (exit-code)',
    ],
    ['was restarted often before anybody looked', [unit({ restarts: 400 })], 'Running', ''],
    [
      'is started by a person, and counts anew',
      [unit({ restarts: 7 }), unit({ restarts: 0 }), unit({ restarts: 1 })],
      'Running',
      '',
    ],
    ['has no unit', [{ unit: undefined, process: undefined }], 'Unknown', ''],
  ])('%s', (_name, facts, state, message) => {
    expect(look(...facts)).toMatchObject({ state, message });
  });

  test('was restarted twice, with more than five minutes between', () => {
    const slow = look(
      unit({ restarts: 0 }),
      { ...unit({ restarts: 1 }) },
      { ...unit({ restarts: 1 }), afterMs: 50_000 },
    );
    expect(slow.state).toBe('Running');
    const later = look(
      unit({ restarts: 0 }),
      unit({ restarts: 1 }),
      ...Array.from({ length: 31 }, () => unit({ restarts: 1 })),
      unit({ restarts: 2 }),
    );
    expect(later.state).toBe('Running');
  });

  test('is in its state since it was first seen in it', () => {
    const frozen = process({ state: 'T' });
    expect(look({}, frozen, frozen, frozen)).toMatchObject({ since: T0 + 20_000, sinceMs: 25_000 });
    expect(look(frozen, {}, frozen)).toMatchObject({ since: T0 + 30_000 });
  });

  test('did nothing until lately: what it says next may be of the time before', () => {
    expect(look({}, {}).idleAtMs).toBeUndefined();
    expect(look(process({ state: 'T' }), {}).idleAtMs).toBe(15_000);
    expect(look({ silentMs: 20_000 }, {}, {}).idleAtMs).toBe(15_000);
    // Nobody looked: the whole host stood still.
    expect(look({}, { afterMs: 60_001 }).idleAtMs).toBe(75_001);
    expect(look({}, { afterMs: 60_000 }).idleAtMs).toBeUndefined();
  });
});

describe('what an agent before this one has published', () => {
  const now = { wallMs: T0, monotonicMs: 7_000 };
  const frozen = { state: 'Frozen', since: new Date(T0 - 600_000).toISOString(), invocationID: 'a' } as const;
  const loop = { ...frozen, state: 'CrashLooping' } as const;
  const run = (part: Partial<UnitWords> = {}, invocationID = 'a'): UnitWords & { invocationID: string } => ({
    ...active,
    ...part,
    invocationID,
  });
  const next = (part: Partial<ProgramFacts>, record: ProgramRecord | undefined): ProgramRecord =>
    nextProgramRecord({ ...well, ...part }, record, now);

  test('goes on: the same trouble has begun when it began', () => {
    const record = next(process({ state: 'T' }), resumedRecord(frozen, run(), now));
    expect(record).toMatchObject({ state: 'Frozen', since: T0 - 600_000 });
    const again = { ...down, activeState: 'activating', subState: 'auto-restart', restarts: 7 };
    expect(next(gone(again), resumedRecord(loop, run(again, 'b'), now))).toMatchObject({
      state: 'CrashLooping',
      since: T0 - 600_000,
    });
  });

  test('is over: what it says next may be of the time before', () => {
    const record = next({}, resumedRecord(frozen, run(), now));
    expect(record).toMatchObject({ state: 'Running', since: T0, idleAtMs: 7_000 });
  });

  test.each<[string, ProgramRecord | undefined]>([
    ['another run of the program', resumedRecord(frozen, run({}, 'b'), now)],
    ['a unit of which nothing is known', resumedRecord(frozen, undefined, now)],
    ['an agent that has never published', resumedRecord(undefined, run(), now)],
    ['a time to come', resumedRecord({ ...frozen, since: new Date(T0 + 1).toISOString() }, run(), now)],
    ['a run that has no name', resumedRecord({ ...frozen, invocationID: '' }, run({}, ''), now)],
    ['a loop that has ended', resumedRecord(loop, run(), now)],
  ])('says nothing of %s', (_, record) => {
    expect(record).toBeUndefined();
  });
});
