/** From files to what a diagnosis is made from, and an account of what was read and what was not. */
import type { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { ProbeState } from '../../api/v1alpha1/health.ts';
import { HostSummary } from '../../api/v1alpha1/host-summary.ts';
import type { DiagnosisInput, NamedDump, NamedText } from '../../core/diagnosis/diagnosis-input.ts';
import { classify } from './classify.ts';
import { findFiles, type Unread } from './find-files.ts';
import { isJournalJson, journalText } from './journal-json.ts';
import { readFileText, readText, type ReadResult } from './read-file.ts';

/** What a file was taken for; `nothing`: it is text, but says nothing to a diagnosis. */
type Use = 'dump' | 'log' | 'manifest' | 'nothing';

export interface ReadFile {
  readonly name: string;
  /** Decompressed. */
  readonly bytes: number;
  readonly usedAs: readonly Use[];
  /** What a person should know, for example that it is cut; empty: nothing. */
  readonly message: string;
}

export interface Gathered {
  readonly input: DiagnosisInput;
  /** Texts that look like neither a dump nor a log; events, `ps` or frames cut out of a dump may name a cause all the same. */
  readonly otherTexts: readonly NamedText[];
  readonly read: readonly ReadFile[];
  readonly unread: readonly Unread[];
}

/** What the command line says. */
export interface Told {
  readonly probe: ProbeState | undefined;
  readonly kubeletVersion: string | undefined;
  readonly runtimeVersion: string | undefined;
}

/** The facts of a bundle that are in no log: in the manifest that `kubectl medic evidence` or the agent writes. */
const Facts = z.object({
  host: z.optional(HostSummary),
  probe: z.optional(ProbeState),
  kubeletVersion: z.optional(z.string()),
  runtimeVersion: z.optional(z.string()),
});
type Facts = z.infer<typeof Facts>;

interface Draft {
  readonly dumps: (NamedText | NamedDump)[];
  readonly logs: NamedText[];
  readonly otherTexts: NamedText[];
  readonly read: ReadFile[];
  readonly unread: Unread[];
  facts: Facts;
  seenVersion: string | undefined;
}

/** Characters. Who pastes, pastes less. */
const MAX_OTHER_TEXT = 1_048_576;

/** @param paths files and folders; `-` is standard input. */
export async function gatherInput(paths: readonly string[], told: Told, stdin: Readable): Promise<Gathered> {
  const draft: Draft = {
    dumps: [],
    logs: [],
    otherTexts: [],
    read: [],
    unread: [],
    facts: {},
    seenVersion: undefined,
  };
  for (const path of paths) {
    if (path === '-') {
      take(draft, 'stdin', await readText(stdin));
      continue;
    }
    const { files, unread } = await findFiles([path]);
    draft.unread.push(...unread);
    for (const file of files) take(draft, file.name, await readFileText(file.path));
  }
  const { dumps, logs, otherTexts, read, unread, facts, seenVersion } = draft;
  const input: DiagnosisInput = {
    dumps: ofOneProcess(dumps),
    logs,
    probe: told.probe ?? facts.probe ?? 'Unknown',
    host: facts.host,
    kubeletVersion: told.kubeletVersion ?? facts.kubeletVersion ?? seenVersion,
    runtimeVersion: told.runtimeVersion ?? facts.runtimeVersion,
  };
  return { input, otherTexts, read, unread };
}

/** What the agent saves of a process that systemd's watchdog ended, and of a runtime that runs. */
const LEFT = /(?:^|\/)watchdog-(kubelet|runtime)\.txt(?:\.gz)?$/;
const RUNTIME = /(?:^|\/)runtime-/;

/** Stacks of a process that is gone say nothing beside those of the one that followed it. */
function ofOneProcess(dumps: Draft['dumps']): Draft['dumps'] {
  const ofNow = dumps.filter(({ name }) => !LEFT.test(name));
  const isFollowed = (role: string): boolean => ofNow.some(({ name }) => RUNTIME.test(name) === (role === 'runtime'));
  return dumps.filter(({ name }) => {
    const role = LEFT.exec(name)?.[1];
    return role === undefined || !isFollowed(role);
  });
}

function take(draft: Draft, name: string, result: ReadResult): void {
  if (result.kind === 'unreadable') {
    draft.unread.push({ name, message: result.message });
    return;
  }
  const { bytes, message } = result;
  if (result.kind === 'dump') {
    draft.dumps.push({ name, dump: result.dump });
    draft.read.push({ name, bytes, usedAs: ['dump'], message });
    return;
  }
  const facts = factsOf(name, result.text);
  if (facts !== undefined) {
    draft.facts = { ...draft.facts, ...facts };
    draft.read.push({ name, bytes, usedAs: ['manifest'], message });
    return;
  }
  const text = isJournalJson(result.text) ? journalText(result.text) : result.text;
  draft.seenVersion ??= versionIn(text);
  draft.read.push({ name, bytes, usedAs: use(draft, { name, text }), message });
}

/** Puts a text where its content says that it belongs. */
function use(draft: Draft, file: NamedText): readonly Use[] {
  const { isDump, isLog } = classify(file.text);
  if (isDump) draft.dumps.push(file);
  if (isLog) draft.logs.push(file);
  if (isDump || isLog) return [...(isDump ? (['dump'] as const) : []), ...(isLog ? (['log'] as const) : [])];
  if (file.text.length <= MAX_OTHER_TEXT) draft.otherTexts.push(file);
  return ['nothing'];
}

function factsOf(name: string, text: string): Facts | undefined {
  if (!/(^|\/)manifest\.json(\.gz)?$/.test(name)) return undefined;
  try {
    return Facts.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** As the kubelet logs it when it starts, and as its metrics have it. */
const VERSION =
  /"?Kubelet version"? kubeletVersion="(v\d[\w.+-]{1,60})"|kubernetes_build_info\{[^}\n]{0,500}git_?[vV]ersion="(v\d[\w.+-]{1,60})"/;

function versionIn(text: string): string | undefined {
  if (!text.includes('kubeletVersion=') && !text.includes('kubernetes_build_info{')) return undefined;
  const found = VERSION.exec(text);
  return found?.[1] ?? found?.[2];
}
