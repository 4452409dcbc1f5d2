import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { DUMP_CASES } from './cases/expected.ts';

/** Asked for by each disguise, made once. */
function once<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

/** What journald, loggers, terminals and people make of a dump. */
const DISGUISES: Readonly<Record<string, (dump: string) => string>> = {
  'through journald, tabs as spaces': (dump) =>
    dump.replaceAll('\t', '        ').replaceAll(/^/gm, 'Nov 24 10:11:49 node-1 kubelet[95]: '),
  'through journald, tabs and blank lines lost': (dump) =>
    dump
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `Nov 24 10:11:49 ip-10-0-3-7.ec2.internal kubelet[1498]: ${line.trim()}`)
      .join('\n'),
  'with the prefix of short-iso-precise': (dump) =>
    dump.replaceAll(/^/gm, '2026-11-24T10:11:49.812671+0000 node-1 kubelet[95]: '),
  'in a CRI log file': (dump) => dump.replaceAll(/^/gm, '2026-11-24T10:11:49.812671123Z stderr F '),
  'within a kubelet log': (dump) =>
    `I1124 10:11:49.812618      95 httplog.go:134] "HTTP" verb="GET" URI="/metrics"\n${dump}E1124 10:11:53.836042      95 kubelet.go:2646] "Syncing all statuses"\n`,
  'with CRLF': (dump) => dump.replaceAll('\n', '\r\n'),
  'indented as a quotation': (dump) => dump.replaceAll(/^/gm, '    '),
  'quoted with >': (dump) => dump.replaceAll(/^/gm, '> '),
  'of a dying process': (dump) =>
    `SIGABRT: abort\nPC=0x487981 m=0 sigcode=0\n\n${dump
      .replaceAll(/^goroutine (\d+) \[/gm, 'goroutine $1 gp=0xc000$1 m=nil [')
      .replaceAll(
        /^(\t\S+:\d+ \+0x[0-9a-f]+)$/gm,
        '$1 fp=0xc000f5ff78 sp=0xc000f5fe18 pc=0x487981',
      )}\nrax    0xca\nrip    0x487981\n`,
  'with labels': (dump) =>
    dump.replaceAll(/^(goroutine \d+ \[[^\]]*)\]:$/gm, '$1 labels:{"controller": "pleg", "weird": "a\\"b]:c\\n"}]:'),
  'with file lines of -trimpath': (dump) =>
    dump.replaceAll(/^\t\/(?:usr\/local\/go\/src|workspace\/\S*?_output\/dockerized\/go\/src)\//gm, '\t'),
  'with paths of Windows': (dump) => dump.replaceAll(/^\t\/?(\S+) /gm, '\tC:/Program Files/$1 '),
  'quoted by logrus': (dump) =>
    `time="2026-11-24T10:11:49Z" level=info msg="=== BEGIN goroutine stack dump ===\\n${dump.replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}\\n=== END goroutine stack dump ==="\n`,
  'on one line': (dump) => dump.replaceAll(/\s*\n\s*/g, ' '),
  'cut in its last line': (dump) => dump.slice(0, -20),
};

const textOf = once((name: string): string => {
  const bytes = readFileSync(new URL(`cases/${name}`, import.meta.url));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
});

function verdictOf(texts: readonly string[]): Diagnosis {
  return diagnose({
    dumps: texts.map((text, i) => ({ name: `dump-${i}.txt`, text })),
    logs: [],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

const plainVerdictOf = once((names: readonly string[]) => verdictOf(names.map(textOf)));

const PLAIN = DUMP_CASES.filter(({ host, probe }) => host === undefined && probe === undefined);

describe.each(Object.entries(DISGUISES))('a dump %s', (_, disguise) => {
  test.each(PLAIN)('is read as the plain one: $name', ({ dumps = [] }) => {
    const plain = plainVerdictOf(dumps);
    const disguised = verdictOf(dumps.map((name) => disguise(textOf(name))));
    expect([disguised.cause, disguised.confidence, disguised.fingerprint]).toEqual([
      plain.cause,
      plain.confidence,
      plain.fingerprint,
    ]);
  });
});
