import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { HostSummary, type LogClue, MAX_CLUES } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { CATALOGUE } from '../../../src/core/diagnosis/catalogue/catalogue.ts';
import { CLUE_PATTERNS } from '../../../src/core/diagnosis/clues/clue-patterns.ts';
import { boundedClues, logCluesInSteps, logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import type { DiagnosisInput } from '../../../src/core/diagnosis/diagnosis-input.ts';
import { journalText } from '../../../src/cli/diagnose/content/journal-json.ts';
import type { CaptureCase } from './cases/capture-case.ts';
import { LOG_CASES } from './cases/expected-logs.ts';
import { DUMP_CASES } from './cases/expected.ts';
import { REPORTS } from './cases/public-logs.ts';
import { CATALOGUE_CASES } from './catalogue-cases.ts';

type LogCase = Pick<CaptureCase, 'name' | 'dumps' | 'log' | 'probe' | 'host' | 'kubeletVersion' | 'runtimeVersion'> & {
  readonly dump?: string;
};

function textOf(path: string): string {
  const bytes = readFileSync(new URL(path, import.meta.url));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

const CORPUS = '../../fixtures/corpus/';
const HUNG = `${CORPUS}kubelet-1.36.3-runtime-hung`;

const CASES: readonly LogCase[] = [
  ...[...DUMP_CASES, ...LOG_CASES].filter(({ log }) => log !== undefined),
  ...CATALOGUE_CASES.filter(({ log }) => log !== undefined).map((one) => ({ ...one, name: one.id })),
  ...REPORTS.map(({ name, text }) => ({ name, log: text })),
  { name: 'the journal of a kubelet whose runtime hangs', log: textOf(`${HUNG}/journal.log.gz`) },
  { name: 'the same journal as JSON', log: journalText(textOf(`${HUNG}/journal.json.gz`)) },
  { name: 'kubelet 1.12.10', log: textOf(`${CORPUS}kubelet-1.12.10-event-channel/kubelet.log`) },
];

const NOTHING = { at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [] };

function inputOf({ dumps = [], dump, probe, host, kubeletVersion, runtimeVersion }: LogCase): DiagnosisInput {
  return {
    dumps: [
      ...dumps.map((name) => ({ name, text: textOf(`cases/${name}`) })),
      ...(dump === undefined ? [] : [{ name: 'dump.txt', text: dump }]),
    ],
    logs: [],
    probe: probe ?? 'Unknown',
    host: { ...NOTHING, ...host },
    kubeletVersion,
    runtimeVersion,
  };
}

/** From the log as a person gives it. */
function byLog(one: LogCase): Diagnosis {
  return diagnose({ ...inputOf(one), logs: [{ name: 'kubelet.log', text: one.log ?? '' }] });
}

/** From what the agent writes into the incident, as the API server gives it back. */
function byClues(one: LogCase): Diagnosis {
  const input = inputOf(one);
  const clues = boundedClues(logCluesOf({ name: 'kubelet.log', text: one.log ?? '' }, MAX_CLUES));
  const host = HostSummary.parse(JSON.parse(JSON.stringify({ ...NOTHING, ...input.host, logClues: clues })));
  return diagnose({ ...input, host });
}

function cluesOf(...lines: readonly string[]): readonly LogClue[] {
  return logCluesOf({ name: 'kubelet.log', text: lines.join('\n') });
}

const OOM = 'kernel: Out of memory: Killed process 77 (java)';
const TOO_LONG = '"Housekeeping took longer than expected" err="housekeeping took too long"';

describe('the clues of a log', () => {
  test.each(CASES)('give the verdict of the whole log: $name', (one) => {
    expect(byClues(one)).toEqual(byLog(one));
  });

  test.each(CASES)('give it from a log in which each line is long: $name', (one) => {
    const filler = ' x'.repeat(400);
    const log = (one.log ?? '')
      .split('\n')
      .map((line) => `${line}${filler}`)
      .join('\n');
    const { evidence: _evidence, others: _others, ...verdict } = byClues({ ...one, log });
    expect(verdict).toMatchObject({ cause: byLog(one).cause, confidence: byLog(one).confidence });
  });

  test('say what each line is, how many there are, and when', () => {
    const clues = cluesOf(
      'I1124 10:00:00.000000      95 a.go:1] "nothing"',
      `E1124 10:00:01.000000      95 a.go:1] ${TOO_LONG} actual="3s"`,
      `E1124 10:00:31.000000      95 a.go:1] ${TOO_LONG} actual="9s"`,
      'I1124 10:02:00.500000      95 a.go:1] "nothing"',
    );
    expect(clues).toEqual([
      {
        source: 'kubelet.log',
        lineNumber: 3,
        line: `E1124 10:00:31.000000      95 a.go:1] ${TOO_LONG} actual="9s"`,
        count: 2,
        firstBeforeEnd: '1m59.5s',
        lastBeforeEnd: '1m29.5s',
      },
    ]);
  });

  test('say nothing of when where the lines have no time', () => {
    expect(cluesOf(OOM)[0]).toEqual({ source: 'kubelet.log', lineNumber: 1, line: OOM, count: 1 });
  });

  test('count lines once, so that two are not three', () => {
    const line = (second: string): string => `E1124 10:00:${second}.000000      95 a.go:1] ${TOO_LONG}`;
    const twice = [line('01'), line('02')].join('\n');
    const thrice = `${twice}\n${line('03')}`;
    expect(byClues({ name: '', log: twice }).cause).toBe('unknown');
    expect(byClues({ name: '', log: thrice }).cause).toBe('memory-or-cpu-starved');
  });

  test('count a line once in which a text stands twice', () => {
    expect(cluesOf(`${TOO_LONG}; ${TOO_LONG}`)[0]?.count).toBe(1);
  });

  test('count nothing of a log that is there itself, as where a bundle is diagnosed with its manifest', () => {
    const text = [TOO_LONG, TOO_LONG].join('\n');
    const host = { ...NOTHING, logClues: [...logCluesOf({ name: 'kubelet.log', text })] };
    const verdict = diagnose({ ...inputOf({ name: '' }), host, logs: [{ name: 'bundle/kubelet.log.gz', text }] });
    expect(verdict.cause).toBe('unknown');
  });

  test('tell a start-up of seconds from one of minutes, whatever else the same lines say', () => {
    const never = (time: string): string =>
      `E1124 ${time}.000000      95 a.go:1] "Skipping pod synchronization" err="PLEG is not healthy: pleg has yet to be successful"`;
    expect(byClues({ name: '', log: [never('10:00:00'), never('10:03:00')].join('\n') }).cause).toBe(
      'pleg-never-relisted',
    );
    // Nothing shows that it was over.
    expect(byClues({ name: '', log: [never('10:00:00'), never('10:00:01')].join('\n') }).cause).toBe('unknown');
  });

  test('keep one of each kind through a flood of another', () => {
    const flood = Array.from(
      { length: 20_000 },
      (_, i) => `nfs: server host-${String(i)} not responding, still trying`,
    );
    const clues = logCluesOf({ name: 'kernel.log', text: [OOM, ...flood].join('\n') }, MAX_CLUES);
    expect(clues.map(({ lineNumber, count }) => [lineNumber, count])).toEqual([
      [1, 1],
      [20_001, 20_000],
    ]);
  });

  test('are the same wherever the log is long, and in steps that say when to leave patterns of the user out', () => {
    const noise = `${'x'.repeat(999)}\n`.repeat(300);
    const text = `${OOM}\n${noise}frob\n${noise}${OOM}\nfrob`;
    const patterns = [...CLUE_PATTERNS, { pattern: /^frob$/gm }];
    const clues = logCluesOf({ name: 'kernel.log', text }, MAX_CLUES, patterns);
    expect(clues.map(({ line, lineNumber, count }) => [line, lineNumber, count])).toEqual([
      [OOM, 603, 2],
      ['frob', 604, 2],
    ]);
    const steps = logCluesInSteps({ name: 'kernel.log', text }, MAX_CLUES, patterns);
    let count = 0;
    let step = steps.next(false);
    for (; step.done !== true; step = steps.next(true)) count++;
    expect(count).toBe(9);
    expect(step.value.map(({ line }) => line)).toEqual([OOM]);
  });

  test('keep the newest of each pattern where lines are of more kinds than there is room for', () => {
    const texts = [
      OOM,
      'clock_step',
      'slow fdatasync',
      'unable to freeze',
      'too many open files',
      'get a KillContainerErrorDeadlineExceeded',
      'I/O error, dev sda',
    ];
    const mixed = Array.from({ length: 2 ** texts.length - 1 }, (_, i) =>
      texts.filter((_text, bit) => ((i + 1) >> bit) % 2 === 1).join(' and '),
    );
    const first = 'dbus: connection closed by user';
    const clues = logCluesOf({ name: 'kernel.log', text: [first, ...mixed].join('\n') }, MAX_CLUES);
    expect(clues).toHaveLength(MAX_CLUES);
    expect(clues[0]?.line).toBe(first);
    for (const text of texts) expect(clues.some(({ line }) => line.includes(text))).toBe(true);
  });

  test('of several logs take no more than the incident has room for, and leave none out for another', () => {
    const one = logCluesOf({ name: 'kubelet.log', text: TOO_LONG });
    const many = Array.from({ length: 40 }, (_, i) =>
      logCluesOf({ name: `kernel-${String(i)}.log`, text: OOM }),
    ).flat();
    const clues = boundedClues([...one, ...many]);
    expect(clues).toHaveLength(MAX_CLUES);
    expect(clues[0]?.source).toBe('kubelet.log');
    expect(clues.at(-1)?.source).toBe('kernel-39.log');
  });

  test('are within the bounds of the API whatever the log is', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 600 }),
      fc.constantFrom(
        '\n',
        OOM,
        TOO_LONG,
        'PLEG is not healthy: pleg has yet to be successful',
        'E1124 10:00:01.000000      95 a.go:1] ',
        '2026-11-24T10:00:00Z ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const clues = logCluesOf({ name: 'kubelet.log', text: pieces.join('') }, MAX_CLUES);
        expect(HostSummary.parse({ ...NOTHING, logClues: clues }).logClues).toEqual(clues);
      }),
    );
  });

  test('of a line that is too long show what it was picked for, with what stands between left out', () => {
    const line = `failed to handle container TaskExit event ${'a'.repeat(590)}context deadline exceeded`;
    const [clue] = cluesOf(`${'b '.repeat(5_000)}${line}${' c'.repeat(5_000)}`);
    expect(clue?.line).toMatch(/^….{0,20}failed to handle container TaskExit event.* … .*context deadline exceeded/);
    expect(clue?.line.length).toBeLessThanOrEqual(512);
  });

  test('do not show a line as something that it is not', () => {
    // Every runtime that cAdvisor does not find is said to be away so.
    const harmless = `factory failed: ${'x'.repeat(150)} code = Unavailable ${'y'.repeat(50)} dial unix /run/crio/crio.sock: connect: no such file or directory`;
    const line = `${'b '.repeat(300)}${harmless} ${OOM}${' c'.repeat(300)}`;
    expect(cluesOf(line)[0]?.line).toMatch(/Out of memory: Killed process 77 \(java\)/);
    expect(byClues({ name: '', log: line }).cause).toBe('memory-or-cpu-starved');
  });

  test('take the year of a line from the end of its log', () => {
    const [clue] = cluesOf(
      `E1231 23:59:30.000000      95 a.go:1] ${TOO_LONG}`,
      'I0101 00:00:30.000000      95 a.go:1] "nothing"',
    );
    expect(clue?.lastBeforeEnd).toBe('1m0s');
  });
});

describe('the patterns of the clues', () => {
  const patterns = CLUE_PATTERNS.map(({ pattern }) => pattern);

  test('are all that the catalogue reads in logs', () => {
    const read = CATALOGUE.flatMap(({ signs }) => signs).flatMap((sign) => (sign.kind === 'log' ? [sign.pattern] : []));
    expect(read.filter(({ source }) => !patterns.some((one) => one.source === source))).toEqual([]);
  });

  test('are global, and no match spans lines', () => {
    const spanning = patterns.filter(({ source }) => /\\s|\\W|\\D|\[\^(?!\\n)|\\n(?![^[]*\])/.test(source));
    expect(spanning).toEqual([]);
    expect(patterns.filter(({ global, flags }) => !global || flags.includes('s'))).toEqual([]);
  });
});
