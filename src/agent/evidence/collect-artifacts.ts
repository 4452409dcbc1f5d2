/** Takes artifacts from the host into a bundle: a few at a time, each with its own limit, none in the way of another. */
import type { EvidenceEntry, EvidenceKind } from '../../api/v1alpha1/parts/evidence.ts';
import { EVIDENCE_BYTES } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import { type HostSummary, type LogClue, MAX_CLUES } from '../../api/v1alpha1/parts/host-summary.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { failedArtifact, isForDecision, sealArtifact, sealWithin } from '../../core/evidence/manifest.ts';
import { cluePatterns } from '../../core/diagnosis/clues/clue-patterns.ts';
import { boundedClues, logCluesInSteps } from '../../core/diagnosis/clues/log-clues.ts';
import { findRelist } from '../../core/diagnosis/analysis/relist.ts';
import { parseDump } from '../../core/dump/parser.ts';
import { createSpoolStore } from '../../stores/spool-store.ts';
import type { Collected, Collector } from '../../ports/host.ts';
import { type DumpRounds, stackCollectors } from './stack-dumps.ts';
import { type Limit, withDeadline } from '../../runtime/deadline.ts';
import { reasonOf, type World } from '../world.ts';
import { redactBytes } from '../../core/redaction/redact.ts';

/** Bounds the memory too: so many artifacts are held at once. */
const AT_ONCE = 4;
/** A hung runtime must not hold up the evidence. */
const EXITED_DEADLINE_MS = 1_000;
/** Of one log. Patterns of the user can take half a minute, and the act waits for its evidence. */
const OWN_PATTERNS_MS = 5_000;
/** Logs that the diagnosis reads. */
const LOGS: readonly EvidenceKind[] = ['KubeletLog', 'RuntimeLog', 'KernelLog'];

/** How each artifact of a bundle is taken and stored. */
export interface ArtifactOrder {
  readonly bundle: string;
  /** How far back logs are taken, in milliseconds. */
  readonly windowMs: number;
  readonly redact: boolean;
  /** Bundles that must not make room for this one. */
  readonly keep: ReadonlySet<string>;
}

export interface CaptureOrder extends ArtifactOrder {
  readonly collectors: readonly Collector[];
  readonly dumps: DumpRounds;
  /** After this time what is not taken counts as failed. */
  readonly limitMs: number;
}

export interface Capture {
  readonly entries: readonly EvidenceEntry[];
  /** What the diagnosis reads from the incident. */
  readonly host: HostSummary;
  /** Bytes stored. */
  readonly bytes: number;
  /** The CRI call in which relist waited in the newest dump; undefined: in none, or there is no dump. */
  readonly relistCall: string | undefined;
}

export interface Taken {
  readonly entry: EvidenceEntry;
  readonly clues: readonly LogClue[];
  readonly relistCall: string | undefined;
}

/** Throws with the signal only. An artifact that could not be saved is an entry that says why. */
export async function capture(world: World, order: CaptureOrder, signal: AbortSignal): Promise<Capture> {
  const { clock } = world;
  const endsAt = clock.monotonic() + order.limitMs;
  // What the gate needs comes first.
  const queue = [...order.collectors].sort((a, b) => rank(a) - rank(b));
  const taken = new Map<string, Taken>();
  const { first, count } = order.dumps;
  const rounds = Array.from({ length: count }, (_, i) => stackCollectors(world.host.stacks, first + i));
  async function take(collector: Collector): Promise<void> {
    const one = await takeArtifact(world, order, { collector, leftMs: endsAt - clock.monotonic() }, signal);
    if (one !== undefined) taken.set(collector.name, one);
  }
  async function work(): Promise<void> {
    for (let collector = queue.shift(); collector !== undefined; collector = queue.shift()) {
      await take(collector);
    }
  }
  async function takeDumps(): Promise<void> {
    const beganMs = clock.monotonic();
    for (const [i, collectors] of rounds.entries()) {
      const startsAt = beganMs + i * order.dumps.intervalMs;
      // A round that would begin after the end of the capture is left out: what is there has to be reported in time.
      if (startsAt >= endsAt) return;
      await clock.sleep(Math.max(0, startsAt - clock.monotonic()), signal);
      // One after the other: a reader takes 55 to 66 MiB of the agent's own limit while it runs.
      for (const collector of collectors) {
        await take(collector);
      }
    }
  }
  const [facts] = await Promise.all([hostFacts(world, signal), takeDumps(), ...Array.from({ length: AT_ONCE }, work)]);
  // In the collectors' own order, so that two captures read alike.
  const inOrder = [...rounds.flat(), ...order.collectors].flatMap(({ name }) => taken.get(name) ?? []);
  const entries = inOrder.map(({ entry }) => entry);
  world.onCaptured?.();
  return {
    entries,
    host: {
      ...facts,
      logClues: [
        ...boundedClues(
          inOrder.flatMap(({ clues }) => clues),
          cluePatterns(world.ownCauses?.causes),
        ),
      ],
    },
    bytes: entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
    relistCall: inOrder.findLast(({ entry }) => entry.kind === 'GoroutineDump')?.relistCall,
  };
}

function rank({ kind }: Collector): number {
  return kind === 'KubeletLog' ? 0 : 1;
}

/**
 * Throws with the signal only, as `capture` does. `leftMs`: it has failed after so many milliseconds.
 * @returns undefined: there is nothing of the kind on this host.
 */
export async function takeArtifact(
  world: World,
  order: ArtifactOrder,
  job: { readonly collector: Collector; readonly leftMs: number },
  signal: AbortSignal,
): Promise<Taken | undefined> {
  const { clock, metrics } = world;
  const { name, kind, source } = job.collector;
  const origin = { name, kind, by: 'Agent', source, at: clock.now() } as const;
  try {
    const content = await collect(world, order, job, signal);
    if (content === undefined) return undefined;
    const taken = await store(world, order, { origin, content }, signal);
    metrics.count('evidence_artifacts_total', { kind, state: 'Captured' });
    return taken;
  } catch (error) {
    signal.throwIfAborted();
    world.log.warn('An artifact could not be saved', { node: world.node, reason: name, err: error });
    metrics.count('evidence_artifacts_total', { kind, state: 'Failed' });
    return { entry: failedArtifact({ ...origin, at: clock.now() }, reasonOf(error)), clues: [], relistCall: undefined };
  }
}

async function collect(
  { clock }: World,
  { windowMs }: ArtifactOrder,
  { collector, leftMs }: { readonly collector: Collector; readonly leftMs: number },
  signal: AbortSignal,
): Promise<Collected | undefined> {
  const until = clock.now();
  const limit: Limit = { ms: Math.max(0, leftMs), code: 'E_AGENT_DEADLINE', what: collector.source };
  return await withDeadline(clock, limit, signal, (inner) =>
    collector.collect({ since: until - windowMs, until }, inner),
  );
}

type Origin = Parameters<typeof sealArtifact>[0];

async function store(
  world: World,
  order: ArtifactOrder,
  { origin, content }: { readonly origin: Origin; readonly content: Collected },
  signal: AbortSignal,
): Promise<Taken> {
  const { host, clock, node } = world;
  const { redact, bundle, keep } = order;
  const kind = content.kind ?? origin.kind;
  const from = { ...origin, kind, source: content.source ?? origin.source, at: clock.now() };
  const store = createSpoolStore({ spool: host.spool, node, bundle, keep });
  const sealed = isForDecision(from)
    ? sealWithin(from, content, { redact, maxBytes: EVIDENCE_BYTES })
    : sealArtifact(from, content, { redact });
  const entry = await store.put(sealed.entry, sealed.bytes, signal);
  const relistCall = kind === 'GoroutineDump' ? findRelist(parseDump(content.bytes))?.criMethod : undefined;
  const clues = await cluesOf(world, origin, { content: sealed.content, isClean: redact }, signal);
  return { entry, clues, relistCall };
}

/**
 * From a text without secrets, also where the evidence itself is to keep them: whoever may list incidents reads the clues.
 * A secret that a clue's cut has halved would no longer be seen as one.
 */
async function cluesOf(
  { clock, ownCauses }: World,
  { name, kind }: Origin,
  { content, isClean }: { readonly content: Buffer; readonly isClean: boolean },
  signal: AbortSignal,
): Promise<readonly LogClue[]> {
  if (!LOGS.includes(kind)) return [];
  const clean = isClean ? content : redactBytes(content).bytes;
  const log = { name, text: clean.toString('utf8') };
  const steps = logCluesInSteps(log, MAX_CLUES, cluePatterns(ownCauses?.causes));
  const endsAt = clock.monotonic() + OWN_PATTERNS_MS;
  for (let step = steps.next(false); ; step = steps.next(clock.monotonic() > endsAt)) {
    if (step.done === true) return step.value;
    // The agent has to answer meanwhile.
    await clock.sleep(0, signal);
  }
}

/** What does not answer in time is left out. */
async function hostFacts(world: World, signal: AbortSignal): Promise<Omit<HostSummary, 'logClues'>> {
  const at = toPreciseTime(world.clock.now());
  const [blockedProcesses, exitedContainers, pressure] = await Promise.all([
    listBlocked(world, signal),
    world.host.probe.exitedContainers(EXITED_DEADLINE_MS, signal),
    readPressure(world, signal),
  ]);
  return { at, blockedProcesses, pressure, exitedContainers };
}

async function readPressure({ host, log }: World, signal: AbortSignal): Promise<HostSummary['pressure']> {
  try {
    return await host.facts.pressure(signal);
  } catch (err) {
    signal.throwIfAborted();
    log.warn('The pressure on the host could not be read', { err });
    return undefined;
  }
}

async function listBlocked({ host, log }: World, signal: AbortSignal): Promise<HostSummary['blockedProcesses']> {
  try {
    const blocked = await host.facts.blocked(signal);
    return blocked.slice(0, 32).map(({ pid, comm, wchan }) => ({
      pid,
      comm: comm.slice(0, 64),
      wchan: wchan.slice(0, 128),
    }));
  } catch (err) {
    signal.throwIfAborted();
    log.warn('Blocked processes could not be listed', { err });
    return [];
  }
}
