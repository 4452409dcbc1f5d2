/** All that is done to a world: what goes wrong, what people do, and time. One entry is one kind of deed. */
import * as fc from 'fast-check';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { objectAt, type JsonObject } from '../support/api-server/json.ts';
import { ANSWER_LOST, type CallFault } from '../support/faulty-cluster.ts';
import type { MirrorFault } from '../support/faulty-mirror.ts';
import type { FaultKind } from '../support/host/scenario.ts';
import type { Deed, ModelWorld } from './world-shape.ts';
import { HANDS } from './hands.ts';
import { deposed, forgetful, inTheMidst, watchdog } from './midst.ts';
import { editSpec } from './world.ts';
import type { DiesAt } from './writes.ts';

type DeedOf = fc.Arbitrary<Deed>;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function nodeOf(world: ModelWorld, index: number): string {
  return world.nodes[index % world.nodes.length]!;
}

function programOf(world: ModelWorld, index: number): string {
  const all = [...world.controllers, ...world.nodes];
  return all[index % all.length]!;
}

/** A deed of one node, by its number; the number of a node that is not there means another one. */
function ofNode(text: string, run: (world: ModelWorld, node: string) => Promise<void> | void): DeedOf {
  return fc.nat(2).map((index) => ({
    text: `${text} (node ${String(index + 1)})`,
    run: (world) => run(world, nodeOf(world, index)),
  }));
}

const wait: DeedOf = fc
  .constantFrom(SECOND, 7 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE, 12 * MINUTE)
  .map((ms) => ({ text: `${String(ms / SECOND)} s go by`, run: (world) => world.clock.advance(ms) }));

const breach: DeedOf = fc
  .tuple(
    fc.oneof(fc.constant([0, 1, 2]), fc.subarray([0, 1, 2], { minLength: 1 })),
    fc.constantFrom<FaultKind>('event-channel-deadlock', 'runtime-hung', 'frozen-connection'),
  )
  .map(([indexes, fault]) => ({
    text: `${fault} on ${indexes.map((index) => `node ${String(index + 1)}`).join(', ')}, until PLEG is unhealthy`,
    run: async (world): Promise<void> => {
      for (const node of new Set(indexes.map((index) => nodeOf(world, index)))) {
        world.watchman.fault(node);
        world.host(node).inject(fault);
      }
      await world.clock.advance(185 * SECOND);
    },
  }));

const faultOfHost: DeedOf = fc.oneof(
  breach,
  breach,
  ofNode('the fault passes by itself', (world, node) => {
    world.host(node).heal();
  }),
  ofNode("the kubelet's connection to the API server is dead, until its Node is Unknown", async (world, node) => {
    world.watchman.fault(node);
    world.host(node).inject('not-reporting');
    await world.clock.advance(45 * SECOND);
  }),
  ofNode("systemd's watchdog restarts the kubelet", async (world, node) => {
    watchdog(world, node);
    await world.clock.advance(2 * SECOND);
  }),
  ofNode('a breach line is forged in the log', (world, node) => {
    world.host(node).forge();
  }),
  ofNode('systemd does not answer for a minute', async (world, node) => {
    world.host(node).breakServices('dbus: timeout');
    await world.clock.advance(MINUTE);
    world.host(node).breakServices(undefined);
  }),
);

const CALL_FAULTS: readonly (readonly [text: string, fault: CallFault])[] = [
  ['refused with 409', { kind: 'refused', status: 409 }],
  ['refused with 410', { kind: 'refused', status: 410 }],
  ['refused with 429, Retry-After 5', { kind: 'refused', status: 429, retryAfterSeconds: 5 }],
  ['refused with 500', { kind: 'refused', status: 500 }],
  ['reset before they arrive', { kind: 'reset', arrived: false }],
  ['reset after they arrived', { kind: 'reset', arrived: true }],
  ['done, and never answered', ANSWER_LOST],
  ['lost on their way', { kind: 'slow', arrivesAfterMs: Number.POSITIVE_INFINITY, answeredAfterMs: 0 }],
  ['done 20 s later, when nobody waits', { kind: 'slow', arrivesAfterMs: 20 * SECOND, answeredAfterMs: MINUTE }],
  ['answered after 9 s', { kind: 'slow', arrivesAfterMs: 0, answeredAfterMs: 9 * SECOND }],
  ['answered with broken JSON', { kind: 'malformed' }],
];

/** The next calls of a program but some, on one kind of object. */
const faultOfCalls: DeedOf = fc
  .record({
    program: fc.nat(4),
    fault: fc.constantFrom(...CALL_FAULTS),
    plural: fc.constantFrom(INCIDENTS.plural, NODES.plural, HEALTHS.plural, 'leases', POLICIES.plural),
    isWrite: fc.boolean(),
    after: fc.nat(4),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ program, fault: [words, fault], plural, isWrite, after, times }) => ({
    text: `of program ${String(program + 1)}, ${isWrite ? 'writes' : 'reads'} of ${plural} ${String(after)} to ${String(after + times - 1)} from now are ${words}`,
    run: (world): void => {
      let count = -1;
      world.party(programOf(world, program)).faults.onCall((asked) => {
        if (asked.plural !== plural || (asked.verb !== 'get' && asked.verb !== 'list') !== isWrite) return undefined;
        count += 1;
        return count >= after && count < after + times ? fault : undefined;
      });
    },
  }));

const WATCH_FAULTS: readonly (readonly [text: string, fault: MirrorFault | undefined])[] = [
  ['lag by 5 s', { kind: 'lag', ms: 5 * SECOND }],
  ['lag by a minute', { kind: 'lag', ms: MINUTE }],
  ['stand still, and know it', { kind: 'frozen' }],
  ['stand still, and do not know it', { kind: 'held' }],
  ['are well', undefined],
];

const faultOfWatches: DeedOf = fc
  .record({
    program: fc.nat(4),
    plural: fc.constantFrom(INCIDENTS.plural, NODES.plural, HEALTHS.plural, POLICIES.plural),
    how: fc.oneof(
      fc.constantFrom(...WATCH_FAULTS).map(([text, fault]) => ({ text, kind: 'fault' as const, fault })),
      fc
        .constantFrom('drop' as const, 'repeat' as const, 'relist' as const)
        .map((kind) => ({ text: `${kind} an event`, kind })),
    ),
  })
  .map(({ program, plural, how }) => ({
    text: `of program ${String(program + 1)}, watches of ${plural}: ${how.text}`,
    run: (world): void => {
      const { faults } = world.party(programOf(world, program));
      switch (how.kind) {
        case 'fault':
          faults.mirror(plural, how.fault);
          return;
        case 'drop':
          faults.drop(plural, 1);
          return;
        case 'repeat':
          faults.repeat(plural);
          return;
        case 'relist':
          faults.relist(plural);
          return;
        default:
          how satisfies never;
      }
    },
  }));

const network: DeedOf = fc.oneof(
  ofNode('the node is cut off for two minutes', async (world, node) => {
    world.cut(node, true);
    await world.clock.advance(2 * MINUTE);
    world.cut(node, false);
  }),
  ofNode('the node is cut off', (world, node) => {
    world.cut(node, true);
  }),
  ofNode('the node is on the network again', (world, node) => {
    world.cut(node, false);
  }),
  fc.constant({
    text: 'the API server is away for three minutes',
    run: async (world: ModelWorld): Promise<void> => {
      world.local.setDown('connect ECONNREFUSED');
      await world.clock.advance(3 * MINUTE);
      world.local.setDown(undefined);
    },
  }),
);

const crash: DeedOf = fc.oneof(
  fc.tuple(fc.nat(4), fc.nat(6), fc.constantFrom<DiesAt>('before', 'after')).map(([index, count, when]) => ({
    text: `program ${String(index + 1)} will be killed ${when} its write ${String(count)} from now`,
    run: (world: ModelWorld): void => {
      world.killAtWrite(programOf(world, index), count, when);
    },
  })),
  fc.nat(4).map((index) => ({
    text: `program ${String(index + 1)} is killed`,
    run: (world: ModelWorld): void => {
      world.kill(programOf(world, index));
    },
  })),
  fc.nat(4).map((index) => ({
    text: `program ${String(index + 1)} is started, where it does not run`,
    run: async (world: ModelWorld): Promise<void> => {
      const program = programOf(world, index);
      if (!world.isRunning(program)) world.start(program);
      await world.clock.advance(SECOND);
    },
  })),
);

const clocks: DeedOf = fc
  .tuple(
    fc.nat(5),
    fc.constantFrom(-2 * 60 * MINUTE, -100 * SECOND, -20 * SECOND, 20 * SECOND, 100 * SECOND, 360 * MINUTE),
  )
  .map(([index, ms]) => ({
    text: `the clock of ${index === 5 ? 'the API server' : `program ${String(index + 1)}`} jumps by ${String(ms / SECOND)} s`,
    run: (world): void => {
      const clock = index === 5 ? world.serverClock : world.party(programOf(world, index)).clock;
      clock.jump(ms);
    },
  }));

/** The Node is gone with all that it owns, and its kubelet registers a new one, with nothing on it. */
async function recreate(world: ModelWorld, node: string, goneMs: number): Promise<void> {
  world.watchman.forgive(node);
  await world.local.cluster.delete(NODES, { name: node }).catch(() => undefined);
  await world.clock.advance(goneMs);
  world.seedNode(node);
  world.watchman.forbid(node, 'cordon', false);
  world.watchman.forbid(node, 'exclusion', false);
  world.watchman.forgive(node);
}

function decide(world: ModelWorld, node: string, decision: 'Approve' | 'Reject', action?: string): void {
  const incident = world.openIncident(node);
  if (incident === undefined || incident.spec.approval !== undefined) return;
  world.local.seeds.edit(INCIDENTS, { name: incident.metadata.name }, (draft) => {
    const approval: JsonObject = { decision, by: 'ada', ...(action === undefined ? {} : { action }) };
    draft['spec'] = { ...objectAt(draft, 'spec'), approval };
  });
}

const hands: DeedOf = fc.oneof(
  ofNode('a person cordons the node', (world, node) => {
    HANDS.cordon(world, node);
  }),
  ofNode('a person uncordons the node', (world, node) => {
    HANDS.uncordon(world, node);
  }),
  ofNode('a person excludes the node', (world, node) => {
    HANDS.exclude(world, node, true);
  }),
  ofNode('a person includes the node again', (world, node) => {
    HANDS.exclude(world, node, false);
  }),
  ofNode('somebody else takes the maintenance lease', (world, node) => {
    HANDS.lease(world, node, true);
  }),
  ofNode('the maintenance lease is free again', (world, node) => {
    HANDS.lease(world, node, false);
  }),
  ofNode('a person deletes the open incident', (world, node) => {
    HANDS.deleteIncident(world, node);
  }),
  fc.tuple(fc.nat(2), fc.constantFrom(SECOND, MINUTE)).map(([index, goneMs]) => ({
    text: `the Node is deleted, and ${String(goneMs / SECOND)} s later another one has its name (node ${String(index + 1)})`,
    run: (world: ModelWorld) => recreate(world, nodeOf(world, index), goneMs),
  })),
  fc.constantFrom('default', 'second').chain((policy) =>
    fc.boolean().map((isPaused) => ({
      text: `a person ${isPaused ? 'pauses' : 'unpauses'} the policy ${policy}`,
      run: (world: ModelWorld): void => {
        HANDS.pause(world, policy, isPaused);
      },
    })),
  ),
  fc.boolean().map((isDeleted) => ({
    text: `a person ${isDeleted ? 'deletes' : 'creates'} the policy default`,
    run: (world: ModelWorld): void => {
      HANDS.deletePolicy(world, isDeleted);
    },
  })),
  fc
    .constantFrom<JsonObject>(
      { mode: 'Observe' },
      { mode: 'Capture' },
      { mode: 'Remediate' },
      { strategy: 'DiagnoseFirst' },
      { strategy: 'RestoreFirst' },
    )
    .map((change) => ({
      text: `a person changes the policy default: ${JSON.stringify(change)}`,
      run: (world: ModelWorld): void => {
        editSpec(world, 'default', (spec) => {
          Object.assign(spec, change);
        });
      },
    })),
  ofNode('a person approves', (world, node) => {
    decide(world, node, 'Approve');
  }),
  ofNode('a person approves, and wants the runtime restarted', (world, node) => {
    decide(world, node, 'Approve', 'RestartRuntime');
  }),
  ofNode('a person rejects', (world, node) => {
    decide(world, node, 'Reject');
  }),
);

/** Nothing but faults of hosts, and time: a world in which each incident is written a few times only. */
export const QUIET_DEEDS: readonly DeedOf[] = [wait, wait, breach, faultOfHost];

export const DEEDS: readonly DeedOf[] = [
  wait,
  wait,
  breach,
  breach,
  faultOfHost,
  faultOfCalls,
  faultOfWatches,
  network,
  crash,
  crash,
  inTheMidst,
  inTheMidst,
  inTheMidst,
  deposed,
  forgetful,
  clocks,
  hands,
  hands,
];
