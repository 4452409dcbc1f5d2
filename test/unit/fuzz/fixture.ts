/** The captures of real programs under test/fixtures, and what each of them is to be diagnosed as. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { CauseClass, RestartEffect } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { classify } from '../../../src/cli/diagnose/content/classify.ts';
import { isJournalJson, journalText } from '../../../src/cli/diagnose/content/journal-json.ts';
import type { DiagnosisInput, NamedText } from '../../../src/core/diagnosis/diagnosis-input.ts';

/** Each list: what is right. `unknown` among the causes: the capture does not show enough to name one. */
const Expected = z.strictObject({
  probe: ProbeState,
  causes: z.array(z.string()),
  classes: z.array(CauseClass),
  restartKubelet: z.array(RestartEffect),
  restartRuntime: z.array(RestartEffect),
});
type Expected = z.infer<typeof Expected>;

export interface Fixture {
  readonly name: string;
  readonly files: readonly NamedText[];
  readonly expected: Expected;
}

const ROOT = new URL('../../fixtures/', import.meta.url);

function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return isJournalJson(text) ? journalText(text) : text;
}

function readFixture(folder: URL, name: string): Fixture {
  const files = readdirSync(folder).sort();
  return {
    name,
    expected: Expected.parse(JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'))),
    files: files
      .filter((file) => file.endsWith('.gz'))
      .map((file) => ({ name: file, text: textOf(gunzipSync(readFileSync(new URL(file, folder)))) })),
  };
}

/** Of one folder of test/fixtures, by name. */
export function readFixtures(kind: string): readonly Fixture[] {
  const root = new URL(`${kind}/`, ROOT);
  return readdirSync(root)
    .sort()
    .map((name) => readFixture(new URL(`${name}/`, root), name));
}

/** As the command line reads the files: one may be a dump, a log, or both. */
export function inputOf(files: readonly NamedText[], probe: ProbeState): DiagnosisInput {
  return {
    dumps: files.filter(({ text }) => classify(text).isDump),
    logs: files.filter(({ text }) => classify(text).isLog),
    probe,
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  };
}
