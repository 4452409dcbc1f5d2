/**
 * The same story again and again, each time disturbed at one point: a program killed before or after one of its writes, a
 * reader held back before one event, one event left out. In the end all is as in the story that nobody disturbs.
 * After Sieve: Sun et al., Automatic Reliability Testing For Cluster Management Controllers, OSDI 2022.
 */
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import type { FaultKind } from '../support/host/scenario.ts';
import { createModelWorld } from './world.ts';
import type { ModelWorld, WorldShape } from './world-shape.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const CONTROLLER = 'controller-1';
const NODE = 'node-a';
const PROGRAMS = [CONTROLLER, NODE];
const KINDS = [INCIDENTS, NODES, HEALTHS, POLICIES].map(({ plural }) => plural);
/** A reader is held back for so long; a mirror lists anew after so long at the latest. */
const HELD_MS = 90 * SECOND;
const RELIST_MS = 5 * MINUTE;
const LOOK_MS = 5 * SECOND;
/** The next pod is late: on a node of its own that has to be started first. */
const RESTART_MS = 40 * SECOND;

export const STORIES: readonly FaultKind[] = ['event-channel-deadlock', 'runtime-hung'];

const SHAPE: WorldShape = {
  seed: 7,
  nodes: 1,
  controlPlane: 0,
  controllers: 1,
  policy: {
    mode: 'Remediate',
    remediation: { verify: { timeout: '2m', stableFor: '15s' } },
    budget: { maxUnhealthy: '100%' },
  },
  second: undefined,
  maxInCluster: 5,
};

/** One point at which a story is disturbed. */
export interface Point {
  readonly text: string;
  /** Sets it up, just before the trouble begins. */
  readonly set: (world: ModelWorld) => void;
}

export interface End {
  /** Of the newest incident: one that had to do without evidence is followed by another. */
  readonly outcome: string;
  readonly restarts: readonly string[];
  readonly isCordoned: boolean;
}

interface Told {
  readonly end: End;
  /** Writes of each program, and events of each of its readers, after the trouble began. */
  readonly counts: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
}

function endOf(world: ModelWorld): End {
  const newest = [...world.incidents()]
    .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .at(-1);
  return {
    outcome: newest?.status.outcome ?? 'open',
    restarts: world.host(NODE).restarts.map(({ unit }) => unit),
    isCordoned: world.node(NODE)?.spec.unschedulable ?? false,
  };
}

function countsOf(world: ModelWorld): Map<string, number> {
  const counts = new Map<string, number>();
  for (const program of PROGRAMS) {
    counts.set(program, world.writesOf(program));
    for (const kind of KINDS) counts.set(`${program} ${kind}`, world.party(program).faults.events(kind));
  }
  return counts;
}

/** The node is well, and nothing is under way. */
function isOver(world: ModelWorld): boolean {
  const incidents = world.incidents();
  const areClosed = incidents.length > 0 && incidents.every(({ status }) => status.outcome !== undefined);
  return areClosed && world.host(NODE).wellForMs() !== undefined;
}

/** Whatever was killed is started again, and whoever is held back is let go. */
function createNurse(world: ModelWorld): () => void {
  const since = new Map<string, number>();
  function isDue(key: string, ms: number): boolean {
    const now = world.clock.monotonic();
    since.set(key, since.get(key) ?? now);
    return now - (since.get(key) ?? now) >= ms;
  }
  function look(program: string): void {
    const { faults } = world.party(program);
    if (!world.isRunning(program) && isDue(program, RESTART_MS)) world.start(program);
    const isListDue = isDue(`${program} list`, RELIST_MS);
    for (const kind of KINDS) {
      if (faults.isHeld(kind) && isDue(`${program} ${kind}`, HELD_MS)) faults.mirror(kind, undefined);
      if (isListDue) faults.relist(kind);
    }
  }
  return () => {
    for (const program of PROGRAMS) look(program);
  };
}

async function attend(world: ModelWorld): Promise<void> {
  const nurse = createNurse(world);
  const endsAt = world.clock.monotonic() + 40 * MINUTE;
  for (let restMs = 0; restMs < MINUTE && world.clock.monotonic() < endsAt;) {
    await world.clock.advance(LOOK_MS);
    nurse();
    restMs = isOver(world) ? restMs + LOOK_MS : 0;
  }
}

export async function tellStory(fault: FaultKind, point?: Point): Promise<Told> {
  const world = await createModelWorld(SHAPE);
  try {
    await world.clock.advance(10 * SECOND);
    world.watchman.fault(NODE);
    world.host(NODE).inject(fault);
    await world.clock.advance(170 * SECOND);
    const before = countsOf(world);
    if (point !== undefined) world.story.deed(point.text);
    point?.set(world);
    await attend(world);
    world.check();
    const counts = new Map([...countsOf(world)].map(([key, count]) => [key, count - (before.get(key) ?? 0)]));
    return { end: endOf(world), counts, lines: world.story.lines() };
  } finally {
    await world.finish();
  }
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** All points of a story that nobody has disturbed. */
export function pointsOf({ counts }: Told): readonly Point[] {
  return PROGRAMS.flatMap((program) => [
    ...numbers(counts.get(program) ?? 0).flatMap((count) =>
      (['before', 'after'] as const).map((when) => ({
        text: `${program} is killed ${when} its write ${String(count)}`,
        set: (world: ModelWorld): void => {
          world.killAtWrite(program, count, when);
        },
      })),
    ),
    ...KINDS.flatMap((kind) =>
      numbers(counts.get(`${program} ${kind}`) ?? 0).flatMap((count) =>
        (['hold', 'drop'] as const).map((what) => ({
          text: `${program}, watch of ${kind}: ${what === 'hold' ? 'held before' : 'without'} event ${String(count)}`,
          set: (world: ModelWorld): void => {
            world.party(program).faults.atEvent(kind, count, what);
          },
        })),
      ),
    ),
  ]);
}

/** Why a disturbed story is no good; undefined: it ends as the other one. */
export async function differenceAt(fault: FaultKind, point: Point, expected: End): Promise<string | undefined> {
  try {
    const { end, lines } = await tellStory(fault, point);
    if (JSON.stringify(end) === JSON.stringify(expected)) return undefined;
    return `${fault}, ${point.text}: ${JSON.stringify(end)}, and not ${JSON.stringify(expected)}\n${lines.join('\n')}`;
  } catch (error) {
    return `${fault}, ${point.text}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
