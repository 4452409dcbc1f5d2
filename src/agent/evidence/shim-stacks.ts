/**
 * Stacks of the shims that the runtime waits for, and the list of all shims with what speaks for it. A person reads them; no
 * decision rests on them. They are taken after the dumps that it rests on.
 */
import { gunzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { createLateReader } from '../../core/diagnosis/clues/late-containers.ts';
import type { Collected, Collector, Shim } from '../../ports/host.ts';
import { createSpoolStore } from '../../stores/spool-store.ts';
import type { World } from '../world.ts';
import { type ChosenShim, chooseShims, type LateLog } from './choose-shims.ts';
import { type ArtifactOrder, takeArtifact } from './collect-artifacts.ts';

/** Longest time of one artifact, in milliseconds; the list reads two logs from the disk. */
const LIST_TIMEOUT_MS = 20_000;
const READ_TIMEOUT_MS = 10_000;
/** The kubelet's log has 4 MiB at most, in bytes. */
const MAX_LOG = 8 * 1_048_576;
const PIECE = 65_536;

export interface ShimRound {
  /** From 1. */
  readonly round: number;
  /** Shims whose stacks are read. */
  readonly most: number;
  /** Of the whole round, in milliseconds. */
  readonly limitMs: number;
}

/** A shim takes 0.2 s. */
export const FIRST_SHIMS: ShimRound = { round: 1, most: 3, limitMs: 20_000 };
export const MORE_SHIMS: ShimRound = { round: 2, most: 8, limitMs: 60_000 };

/** File name in the bundle, without `.gz`: it is there once the round has been taken. */
export function shimListFile(round: number): string {
  return `shims-${String(round)}.txt`;
}

/**
 * One after the other: a reader takes 55 to 66 MiB of the agent's own limit. Throws with the signal only.
 * `saved`: what the bundle has; its logs are read for the names of containers.
 */
export async function takeShims(
  world: World,
  order: ArtifactOrder,
  { round, most, limitMs, saved }: ShimRound & { readonly saved: readonly EvidenceEntry[] },
  signal: AbortSignal,
): Promise<readonly EvidenceEntry[]> {
  const { clock } = world;
  const endsAt = clock.monotonic() + limitMs;
  let chosen: readonly ChosenShim[] = [];
  const list: Collector = {
    name: shimListFile(round),
    kind: 'ShimStacks',
    source: "/proc of the runtime's shims, and the logs of this bundle",
    timeoutMs: LIST_TIMEOUT_MS,
    async collect(_window, inner): Promise<Collected> {
      const { shims, note } = await world.host.shims.list(inner);
      const all = chooseShims(shims, shims.length === 0 ? [] : await lateLogs(world, order, saved, inner));
      chosen = all.slice(0, most);
      const message = note === '' ? summary(shims.length, all.length, chosen.length) : note;
      return { bytes: Buffer.from(listText(shims, all, message)), truncated: false, message };
    },
  };
  const entries: EvidenceEntry[] = [];
  const take = async (collector: Collector): Promise<void> => {
    const leftMs = Math.min(collector.timeoutMs, endsAt - clock.monotonic());
    const taken = await takeArtifact(world, order, { collector, leftMs }, signal);
    if (taken !== undefined) entries.push(taken.entry);
  };
  await take(list);
  for (const one of chosen) await take(stackCollector(world, round, one));
  return entries;
}

function stackCollector({ host }: World, round: number, { shim, reasons }: ChosenShim): Collector {
  return {
    name: `goroutines-shim-${shim.sandbox.slice(0, 12)}-${String(round)}.txt`,
    kind: 'ShimStacks',
    source: `memory of the shim of sandbox ${shim.sandbox}`,
    timeoutMs: READ_TIMEOUT_MS,
    async collect(_window, signal): Promise<Collected> {
      const read = await host.shims.read(shim, signal);
      return { ...read, message: [...reasons, read.message].filter((part) => part !== '').join('; ') };
    },
  };
}

/** By the logs of the bundle. One that cannot be read says nothing. */
async function lateLogs(
  { host, node, log }: World,
  { bundle, keep }: ArtifactOrder,
  saved: readonly EvidenceEntry[],
  signal: AbortSignal,
): Promise<readonly LateLog[]> {
  const store = createSpoolStore({ spool: host.spool, node, bundle, keep });
  const logs: LateLog[] = [];
  for (const entry of saved) {
    if (entry.state !== 'Captured' || (entry.kind !== 'KubeletLog' && entry.kind !== 'RuntimeLog')) continue;
    try {
      const bytes = await store.get(entry, signal);
      if (bytes !== undefined) logs.push({ name: entry.name, containers: lateInLog(bytes) });
    } catch (err) {
      signal.throwIfAborted();
      log.warn('A log says nothing of shims', { reason: entry.name, err });
    }
  }
  return logs;
}

/** As text in pieces: the agent has little memory, and a log has 4 MiB. */
function lateInLog(gzip: Buffer): ReadonlyMap<string, number> {
  const reader = createLateReader();
  const bytes = gunzipSync(gzip, { maxOutputLength: MAX_LOG });
  for (let at = 0; at < bytes.length; at += PIECE) reader.push(bytes.toString('latin1', at, at + PIECE));
  return reader.end();
}

function summary(shims: number, held: number, read: number): string {
  return `shims: ${String(shims)}; with a sign that one is waited for: ${String(held)}; read: ${String(read)}`;
}

function listText(shims: readonly Shim[], held: readonly ChosenShim[], message: string): string {
  const reasons = new Map(held.map((one) => [one.shim, one.reasons]));
  const rest = shims.filter((shim) => !reasons.has(shim));
  const texts = [...reasons.keys(), ...rest].map((shim) => shimText(shim, reasons.get(shim) ?? []));
  return `${[message, ...texts].join('\n\n')}\n`;
}

function shimText({ pid, sandbox, containers }: Shim, reasons: readonly string[]): string {
  const others = containers.filter((id) => id !== sandbox);
  return [
    `process ${String(pid)}, sandbox ${sandbox}`,
    ...(reasons.length === 0 ? ['  no sign'] : reasons.map((reason) => `  ${reason}`)),
    ...others.map((id) => `  container ${id}`),
  ].join('\n');
}
