import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';
import type { NamedText } from '../../../src/core/diagnosis/diagnosis-input.ts';

const HUNG = 'kubelet-1.36.3-runtime-hung';

function bytesOf(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/corpus/${name}`, import.meta.url));
}

function fileOf(name: string): NamedText {
  const bytes = bytesOf(name);
  return { name, text: (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') };
}

/** Each file is given as a dump and as a log, as a person would give it. */
function verdictOf(names: readonly string[], probe: ProbeState): Diagnosis {
  const files = names.map(fileOf);
  const known = { host: undefined, kubeletVersion: undefined, runtimeVersion: undefined };
  return diagnose({ dumps: files, logs: files, probe, ...known });
}

describe('real captures', () => {
  test.each<[readonly string[], ProbeState, string, string]>([
    [[`${HUNG}/goroutine-debug2.txt.gz`], 'Unknown', 'runtime-hung', 'Medium'],
    [[`${HUNG}/goroutine-debug2.txt.gz`], 'Timeout', 'runtime-hung', 'High'],
    [[`${HUNG}/goroutine-debug2.txt.gz`], 'Answered', 'kubelet-cri-connection-dead', 'Medium'],
    [
      [`${HUNG}/goroutine-debug2.txt.gz`, `${HUNG}/goroutine-debug2.txt.gz`],
      'Answered',
      'kubelet-cri-connection-dead',
      'High',
    ],
    [[`${HUNG}/goroutine-debug1.txt.gz`], 'Unknown', 'runtime-hung', 'Medium'],
    [[`${HUNG}/goroutine-debug1.txt.gz`], 'Unavailable', 'runtime-hung', 'High'],
    [[`${HUNG}/journal.log.gz`, `${HUNG}/goroutine-debug2.txt.gz`], 'Timeout', 'runtime-hung', 'High'],
    [[`${HUNG}/journal.json.gz`], 'Unknown', 'runtime-hung', 'Medium'],
    [[`${HUNG}/configz.json`], 'Unknown', 'unknown', 'Low'],
    [['kubelet-1.12.10-event-channel/goroutine-debug1.txt'], 'Unknown', 'pleg-event-channel-deadlock', 'High'],
    [['kubelet-1.12.10-event-channel/kubelet.log'], 'Unknown', 'unknown', 'Low'],
    [['go1.26-formats/sigquit-default.txt.gz'], 'Unknown', 'unknown', 'Low'],
    [['go1.26-formats/debug2-tracebacklabels1.txt.gz'], 'Unknown', 'unknown', 'Low'],
  ])('%s, probe %s: %s, %s', (names, probe, cause, confidence) => {
    const verdict = verdictOf(names, probe);
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence]);
  });

  test.each([
    ['debug1-labels', 'debug=1', 17, 15],
    ['debug2-tracebacklabels1', 'debug=2', 17, 15],
    ['sigquit-default', 'debug=2', 23, 21],
    ['sigquit-GOTRACEBACK-crash', 'debug=2', 23, 21],
  ])('%s has all of its goroutines once, and no line is left over', (name, format, goroutines, groups) => {
    const dump = parseDump(bytesOf(`go1.26-formats/${name}.txt.gz`));
    expect([dump.format, dump.goroutines, dump.groups.length, dump.unreadLines]).toEqual([
      format,
      goroutines,
      groups,
      0,
    ]);
  });

  test('names the process and its version', () => {
    const { process, version } = parseDump(bytesOf(`${HUNG}/goroutine-debug2.txt.gz`));
    expect([process, version]).toEqual(['kubelet', 'v1.36.3']);
  });

  test('several dumps in one file are told apart', () => {
    const { text } = fileOf(`${HUNG}/goroutine-debug2.txt.gz`);
    const { goroutines, earlier } = parseDump(`${text}\n${text}`);
    expect([goroutines, earlier.map((dump) => dump.goroutines)]).toEqual([268, [268]]);
  });

  test('says where relist is in the source of its own release', () => {
    const { sourceLink, blockedStack, evidence } = verdictOf([`${HUNG}/goroutine-debug2.txt.gz`], 'Unknown');
    expect(sourceLink).toBe('https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/pleg/generic.go#L310');
    expect(blockedStack).toMatch(
      /^google\.golang\.org\/grpc\/internal\/transport\.\(\*ClientStream\)\.waitOnHeader {2}/,
    );
    expect(evidence[0]).toMatch(/goroutine-debug2\.txt\.gz:1471 goroutine 368 \[select, 1 minutes\]/);
  });
});
