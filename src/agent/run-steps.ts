/**
 * Carries out what the controller asks of this node, in two lanes: an act waits for no capture, which takes minutes where
 * the disk hangs. Within a lane one thing is done at a time.
 */
import type { ActionRecord, KubeletIncident, Step } from '../api/v1alpha1/kinds/incident.ts';
import { INCIDENTS } from '../api/resources.ts';
import { type ActRecord, type ActStep, isAct, isActStep } from '../core/decision/actions.ts';
import { isOpen } from '../core/decision/node-state.ts';
import { isNotReadYet } from '../core/detection/pleg-state.ts';
import { runActStep } from './act/act-step.ts';
import { type WakeUp, createWakeUp } from '../runtime/wake-up.ts';
import { type HostStepParts, runHostStep } from './evidence/capture-step.ts';
import { findRecord } from './record.ts';
import { runAbandonedFault, runInjectStep, runUndoStep } from './drill/fault-step.ts';
import { runResumeStep } from './act/resume-step.ts';
import type { Mutex } from '../runtime/mutex.ts';
import { retryMs } from './world.ts';

/** Time between two looks while nothing changes: a silent watch must not stop work that is known. */
const LOOK_MS = 10_000;

export type Work =
  | { readonly kind: 'capture'; readonly step: Step }
  | { readonly kind: 'act'; readonly step: ActStep }
  | { readonly kind: 'resume'; readonly record: ActRecord }
  | { readonly kind: 'inject' | 'undo'; readonly step: Step }
  | { readonly kind: 'abandoned'; readonly record: ActionRecord };

/** What an incident asks of the agent now, in order. Unfinished acts come first. */
export function workOf(incident: KubeletIncident): readonly Work[] {
  if (!isOpen(incident)) return [];
  const steps = incident.status.steps ?? [];
  const unfinished = (incident.status.actions ?? [])
    .filter(isAct)
    .filter(({ state }) => state === 'Reserved')
    .map((record): Work => ({ kind: 'resume', record }));
  const abandoned = (incident.status.actions ?? [])
    .filter(({ action, state }) => action === 'InjectFault' && state === 'Reserved')
    .map((record): Work => ({ kind: 'abandoned', record }));
  const asked = steps
    .filter((step) => step.state === 'Requested' && findRecord(incident, step.name) === undefined)
    .flatMap((step): readonly Work[] => {
      if (step.type === 'CaptureHost') return [{ kind: 'capture', step }];
      if (step.type === 'InjectFault') return [{ kind: 'inject', step }];
      if (step.type === 'UndoFault') return [{ kind: 'undo', step }];
      return isActStep(step) ? [{ kind: 'act', step }] : [];
    });
  return [...unfinished, ...abandoned, ...asked];
}

export interface ExecutorParts extends HostStepParts {
  readonly hostWakeUp: WakeUp;
  readonly mutex: Mutex;
}

export type Lane = 'captures' | 'acts';

const LANES: Readonly<Record<Work['kind'], Lane>> = {
  capture: 'captures',
  act: 'acts',
  resume: 'acts',
  inject: 'acts',
  undo: 'acts',
  abandoned: 'acts',
};

function nextIn(lane: Lane, incident: KubeletIncident): Work | undefined {
  return workOf(incident).find(({ kind }) => LANES[kind] === lane);
}

/** The same thing is not done more often than this, whatever the incident says; each time after a pause. */
const MAX_TRIES = 3;
const PAUSE_MS = 60_000;

interface Tries {
  readonly count: number;
  /** Monotonic. */
  readonly lastMs: number;
}

/** Runs until the signal. */
export async function runLane(lane: Lane, parts: ExecutorParts, signal: AbortSignal): Promise<never> {
  const { world, requests } = parts;
  const { clock, log } = world;
  const wakeUp = createWakeUp(clock);
  requests.onIncident(wakeUp.wake);
  const tries = new Map<string, Tries>();
  let failures = 0;
  if (lane === 'acts') await untilPlegIsSeen(parts, signal);
  for (;;) {
    try {
      while (await passOnce(lane, parts, tries, signal));
      failures = 0;
      await wakeUp.wait(LOOK_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      log.warn('A step could not be carried out; trying again', { node: world.node, failures, err: error });
      await clock.sleep(retryMs(world, failures, error), signal);
    }
  }
}

/** A log that cannot be read is known to be so after 15 s; an episode that is over closes after 15 s of it. */
const FIRST_LOOK_MS = 30_000;
const FIRST_LOOK_EVERY_MS = 250;

/** An agent that has just started could not tell a node that has got well meanwhile, so it looks first. */
async function untilPlegIsSeen({ world, board }: ExecutorParts, signal: AbortSignal): Promise<void> {
  const { clock } = world;
  const endsAt = clock.monotonic() + FIRST_LOOK_MS;
  while (isNotReadYet(board.current().pleg) && clock.monotonic() < endsAt)
    await clock.sleep(FIRST_LOOK_EVERY_MS, signal);
}

/** @returns whether something was done: then there may be more. */
async function passOnce(
  lane: Lane,
  parts: ExecutorParts,
  tries: Map<string, Tries>,
  signal: AbortSignal,
): Promise<boolean> {
  const { world, requests, hostWakeUp } = parts;
  const open = requests.openIncidents().filter((incident) => nextIn(lane, incident) !== undefined);
  forgetOthers(tries, open);
  let did = false;
  for (const known of open) {
    // The copy may be older than our own last write.
    const incident = await world.cluster.get(INCIDENTS, { name: known.metadata.name }, { signal });
    const work = incident === undefined ? undefined : nextIn(lane, incident);
    if (incident === undefined || work === undefined) continue;
    const key = keyOf(incident, work);
    if (!mayTry(tries.get(key), world.clock.monotonic())) continue;
    await perform(parts, incident, work, signal);
    tries.set(key, { count: (tries.get(key)?.count ?? 0) + 1, lastMs: world.clock.monotonic() });
    hostWakeUp.wake();
    did = true;
  }
  return did;
}

function keyOf({ metadata }: KubeletIncident, work: Work): string {
  const { name } = 'record' in work ? work.record : work.step;
  return `${metadata.uid} ${work.kind} ${name}`;
}

function mayTry(tries: Tries | undefined, nowMs: number): boolean {
  return tries === undefined || (tries.count < MAX_TRIES && nowMs - tries.lastMs >= PAUSE_MS);
}

/** Keeps the memory small. */
function forgetOthers(tries: Map<string, Tries>, open: readonly KubeletIncident[]): void {
  const uids = new Set(open.map(({ metadata }) => metadata.uid));
  for (const key of tries.keys()) if (!uids.has(key.split(' ')[0] ?? '')) tries.delete(key);
}

async function perform(
  parts: ExecutorParts,
  incident: KubeletIncident,
  work: Work,
  signal: AbortSignal,
): Promise<void> {
  switch (work.kind) {
    case 'capture':
      return parts.mutex(() => runHostStep(parts, { incident, step: work.step }, signal));
    case 'act':
      return runActStep(parts, { incident, step: work.step }, signal);
    case 'resume':
      return runResumeStep(parts, { incident, record: work.record }, signal);
    case 'inject':
      return runInjectStep(parts, { incident, step: work.step }, signal);
    case 'undo':
      return runUndoStep(parts, { incident, step: work.step }, signal);
    case 'abandoned':
      return runAbandonedFault(parts, { incident, record: work.record }, signal);
    default:
      return work satisfies never;
  }
}
