/**
 * Under `DiagnoseFirst` the node is held as it is for minutes: in that time more rounds of dumps and samples of what runs are
 * taken, and then it is written down which goroutines have not moved in any of the dumps. It begins when the first capture has
 * been reported, so that the hold waits for none of it, and ends with the incident or when an act is asked for. All of it
 * stays in the spool.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { addToStandstill, type Standstill, standstillText } from '../../core/diagnosis/analysis/standstill.ts';
import { parseDump } from '../../core/dump/parser.ts';
import type { Collected, Collector } from '../../ports/host.ts';
import { createSpoolStore } from '../../stores/spool-store.ts';
import { agentPartOf, type IncidentRef } from '../record.ts';
import type { World } from '../world.ts';
import { takeArtifact } from './collect-artifacts.ts';
import { type DeepWork, deepFile, deepWorkOf, ROUNDS, samplesFile, SUMMARY } from './deep-work.ts';
import { type LaterCapture, type LaterCaptureParts, runLaterCaptures, takeLater } from './later-capture.ts';
import { bundleNameOf } from './spool-bundle.ts';
import { DUMP_TARGETS, type DumpTarget, stackCollectors } from './stack-dumps.ts';

/** From the report of the first capture to the first round, and from the start of a round to the start of the next. */
const EVERY_MS = 60_000;
const LOOK_MS = 10_000;
/** Of one artifact. */
const LIMIT_MS = 30_000;
/** Whatever the incident says: a round that cannot be reported is not taken for ever. */
const MAX_TRIES = ROUNDS + 1;

const DEEP_CAPTURE: LaterCapture<DeepWork> = {
  what: 'Deep capture',
  workOf: deepWorkOf,
  // All rounds of an incident together.
  countedBy: () => '',
  firstAfterMs: () => EVERY_MS,
  againAfterMs: EVERY_MS,
  maxTries: MAX_TRIES,
  async take(world, order, { incident, work }, signal) {
    const entries: EvidenceEntry[] = [];
    // One after the other: a reader takes 55 to 66 MiB of the agent's own limit while it runs.
    for (const collector of collectorsOf(world, incident, work)) {
      const taken = await takeArtifact(world, order, { collector, leftMs: LIMIT_MS }, signal);
      if (taken !== undefined) entries.push(taken.entry);
    }
    return entries;
  },
};

/** Runs until the signal. */
export async function runDeepCaptures(parts: LaterCaptureParts, signal: AbortSignal): Promise<never> {
  const wait = (stop: AbortSignal): Promise<void> => parts.world.clock.sleep(LOOK_MS, stop);
  const takeDue = (ref: IncidentRef, stop: AbortSignal): Promise<void> => takeNext(parts, ref, stop);
  return await runLaterCaptures(parts, DEEP_CAPTURE, { wait, takeDue }, signal);
}

/** What is next; all that is no round of its own follows the round before it. */
async function takeNext(parts: LaterCaptureParts, ref: IncidentRef, signal: AbortSignal): Promise<void> {
  const written = await takeLater(parts, ref, DEEP_CAPTURE, signal);
  if (written?.kind !== 'written') return;
  const next = deepWorkOf(written.incident);
  if (next !== undefined && next.kind !== 'round') await takeNext(parts, ref, signal);
}

/** Of a kind of their own: the decision does not read them, so that they are not uploaded. */
function collectorsOf(world: World, incident: KubeletIncident, work: DeepWork): readonly Collector[] {
  const { stacks } = world.host;
  const origin = { kind: 'DeepCapture', timeoutMs: LIMIT_MS } as const;
  switch (work.kind) {
    case 'round':
      return stackCollectors(stacks, work.round).map((collector) => ({
        ...collector,
        name: deepFile(collector.name),
        kind: 'DeepCapture',
      }));
    case 'samples': {
      const { role } = work;
      const collect: Collector['collect'] = (_window, signal) => stacks.sample(role, signal);
      return [{ ...origin, name: samplesFile(role), source: `memory of the ${role}`, collect }];
    }
    case 'summary': {
      const collect: Collector['collect'] = (_window, signal) => summaryOf(world, incident, signal);
      return [{ ...origin, name: SUMMARY, source: 'the dumps of this bundle', collect }];
    }
  }
}

async function summaryOf(world: World, incident: KubeletIncident, signal: AbortSignal): Promise<Collected> {
  const texts: string[] = [];
  for (const target of DUMP_TARGETS) texts.push(await textOf(world, incident, target, signal));
  const message = 'a worker that waits for work stands still too; a loop may have gone round between two dumps';
  return { bytes: Buffer.from(`${texts.join('\n\n')}\n`), truncated: false, message };
}

async function textOf(
  world: World,
  incident: KubeletIncident,
  target: DumpTarget,
  signal: AbortSignal,
): Promise<string> {
  const dumps = dumpsOf(incident, target);
  const [first, last] = [dumps[0], dumps.at(-1)];
  const isComparable = first !== undefined && last !== undefined && first !== last;
  const compared = isComparable ? await standstillOf(world, incident, dumps, signal) : undefined;
  const head = `# ${target.role}`;
  if (!isComparable || compared === undefined || compared.dumps < 2) {
    return `${head}\n\nThere are no two dumps of one process to compare.`;
  }
  return `${head}: ${last.source}, ${first.at} to ${last.at}\n\n${standstillText(compared)}`;
}

/** All that the agent has of the process that the newest one is of, oldest first: another process has other goroutines. */
function dumpsOf(incident: KubeletIncident, { kind, file }: DumpTarget): readonly EvidenceEntry[] {
  const deep = new Set(Array.from({ length: ROUNDS }, (_, i) => `${deepFile(file(i + 1))}.gz`));
  const dumps = agentPartOf(incident)
    .evidence.filter((entry) => entry.kind === kind || (entry.kind === 'DeepCapture' && deep.has(entry.name)))
    // What a cut dump lacks would count as moved.
    .filter(({ state, truncated }) => state === 'Captured' && truncated !== true)
    .sort((a, b) => a.at.localeCompare(b.at));
  return dumps.filter(({ source }) => source === dumps.at(-1)?.source);
}

/** One dump at a time is in memory. undefined: all are gone from the spool. */
async function standstillOf(
  { host, node }: World,
  { metadata }: KubeletIncident,
  dumps: readonly EvidenceEntry[],
  signal: AbortSignal,
): Promise<Standstill | undefined> {
  const bundle = bundleNameOf(metadata.name);
  const store = createSpoolStore({ spool: host.spool, node, bundle, keep: new Set([bundle]) });
  let standstill: Standstill | undefined;
  for (const entry of dumps) {
    const bytes = await store.get(entry, signal);
    if (bytes !== undefined) standstill = addToStandstill(standstill, parseDump(bytes));
  }
  return standstill;
}
