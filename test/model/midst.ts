/** What is done at a moment of a recovery, which a deed between two waits would hardly ever meet. */
import * as fc from 'fast-check';
import { INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { CallFault } from '../support/faulty-cluster.ts';
import { LEADER_LEASE } from '../support/processes.ts';
import { HANDS } from './hands.ts';
import type { Deed, ModelWorld, Moment } from './world-shape.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const moment = fc.constantFrom<Moment>('placed', 'cordoned', 'requested', 'reserved');

/** What the controllers' watches of a kind show stands still for two minutes, also to one that is started meanwhile. */
/** systemd's own restart, which nobody waits for; it is none where systemd does not answer. */
export function watchdog(world: ModelWorld, node: string): void {
  const { services } = world.host(node).host;
  services.restart('kubelet.service', new AbortController().signal).catch(() => undefined);
}

function hold(world: ModelWorld, plural: string): void {
  const all = world.controllers.map((name) => world.party(name).faults);
  for (const faults of all) faults.mirror(plural, { kind: 'held' });
  world.later(2 * MINUTE, () => {
    for (const faults of all) faults.mirror(plural, undefined);
  });
}

const SUDDEN: readonly (readonly [text: string, run: (world: ModelWorld, node: string) => void])[] = [
  ['nothing more', (): void => undefined],
  [
    'the policy default is paused',
    (world): void => {
      HANDS.pause(world, 'default', true);
    },
  ],
  [
    'the node is excluded',
    (world, node): void => {
      HANDS.exclude(world, node, true);
    },
  ],
  [
    'a person cordons the node',
    (world, node): void => {
      HANDS.cordon(world, node);
    },
  ],
  [
    'the fault passes',
    (world, node): void => {
      world.host(node).heal();
    },
  ],
  [
    'a person deletes the incident',
    (world, node): void => {
      HANDS.deleteIncident(world, node);
    },
  ],
  [
    'the policy default is deleted',
    (world): void => {
      HANDS.deletePolicy(world, true);
    },
  ],
  [
    'the watchdog restarts the kubelet',
    (world, node): void => {
      watchdog(world, node);
    },
  ],
  [
    'the controllers see incidents as they were, for two minutes',
    (world): void => {
      hold(world, INCIDENTS.plural);
    },
  ],
  [
    'the controllers see nodes as they were, for two minutes, and a person cordons the node',
    (world, node): void => {
      hold(world, NODES.plural);
      HANDS.cordon(world, node);
    },
  ],
  [
    'the API server is away for a minute',
    (world): void => {
      world.local.setDown('connect ECONNREFUSED');
      world.later(MINUTE, () => {
        world.local.setDown(undefined);
      });
    },
  ],
];

/** In the midst of a recovery: somebody dies for a while, and something happens meanwhile. */
export const inTheMidst: fc.Arbitrary<Deed> = fc
  .record({
    moment: moment,
    victim: fc.constantFrom('agent', 'controller', 'nobody'),
    backMs: fc.constantFrom(SECOND, 40 * SECOND, 100 * SECOND, 5 * MINUTE),
    sudden: fc.constantFrom(...SUDDEN),
  })
  .map(({ moment, victim, backMs, sudden: [words, run] }) => ({
    text: `as soon as something is ${moment}: ${victim} dies for ${String(backMs / SECOND)} s, and ${words}`,
    run: (world): void => {
      world.atNext(moment, (node) => {
        world.story.tell(`${node}: ${victim} dies, and ${words}`);
        const program = victim === 'agent' ? node : world.controllers[0]!;
        if (victim !== 'nobody') {
          world.kill(program);
          world.later(backMs, () => {
            if (!world.isRunning(program)) world.start(program);
          });
        }
        run(world, node);
      });
    },
  }));

const LATE: CallFault = { kind: 'slow', arrivesAfterMs: 0, answeredAfterMs: 9 * SECOND };

/** A controller knows its newest writes by itself only: the next one has the watch, which is late, and lists. */
export const forgetful: fc.Arbitrary<Deed> = fc.constant({
  text: 'as soon as something is placed: the controllers are killed, and the next ones are late to see it',
  run: (world: ModelWorld): void => {
    world.atNext('placed', (node) => {
      const placed = world.openIncident(node)?.metadata.name;
      hold(world, INCIDENTS.plural);
      for (const name of world.controllers) {
        world.kill(name);
        world.party(name).faults.onCall((asked) => (asked.verb === 'get' && asked.name === placed ? LATE : undefined));
        world.later(SECOND, () => {
          if (!world.isRunning(name)) world.start(name);
        });
      }
    });
  },
});

/** The leader cannot renew, and whatever it has asked is answered when another one may lead. */
export const deposed: fc.Arbitrary<Deed> = moment.map((when) => ({
  text: `as soon as something is ${when}: the leader cannot renew its lease for a minute, and is answered after 9 s`,
  run: (world): void => {
    world.atNext(when, () => {
      const { faults } = world.party(world.leader() ?? world.controllers[0]!);
      const { clock } = world;
      const endsAt = clock.monotonic() + MINUTE;
      faults.onCall(({ name, verb }) => {
        if (clock.monotonic() > endsAt) return undefined;
        if (name === LEADER_LEASE.name) return { kind: 'refused', status: 500 };
        return verb === 'get' || verb === 'list' ? LATE : undefined;
      });
    });
  },
}));
