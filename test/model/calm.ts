/** Liveness: once nothing goes wrong any more and hands are still, everything comes to its end. */
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../../src/core/decision/node-state.ts';
import { HANDS } from './hands.ts';
import type { ModelWorld } from './world-shape.ts';

const MINUTE = 60_000;
const BOUND_MS = 2 * 60 * MINUTE;

/** All run, all clocks are right, and nobody forbids anything. A node that is ill stays ill. */
function mendAll(world: ModelWorld): void {
  world.story.deed('faults stop, and hands are still');
  world.local.setDown(undefined);
  world.spareAll();
  for (const node of world.nodes) {
    world.cut(node, false);
    world.host(node).breakServices(undefined);
    if (world.node(node) === undefined) world.seedNode(node);
    HANDS.exclude(world, node, false);
    HANDS.lease(world, node, false);
    if (world.watchman.cordonOf(node) === 'others') HANDS.uncordon(world, node);
  }
  for (const policy of ['default', 'second']) HANDS.pause(world, policy, false);
  HANDS.deletePolicy(world, false);
  world.serverClock.jump(-world.serverClock.aheadMs());
  for (const program of [...world.controllers, ...world.nodes]) {
    const { clock, faults } = world.party(program);
    clock.jump(-clock.aheadMs());
    faults.mend();
    if (!world.isRunning(program)) world.start(program);
  }
}

/** Under the mode Observe an incident is open for as long as its node is ill: that is what it tells. */
function isObserved(world: ModelWorld, { spec }: KubeletIncident): boolean {
  return spec.plan.mode === 'Observe' && world.host(spec.nodeName).wellForMs() === undefined;
}

/** What has not come to its end. */
function leftOver(world: ModelWorld): readonly string[] {
  const open = world
    .incidents()
    .filter((incident) => isOpen(incident) && !isObserved(world, incident))
    .map(({ metadata, status }) => {
      const why = status.conditions?.find(({ type }) => type === 'Complete');
      return `incident ${metadata.name} is open (${why?.reason ?? 'nothing is said'})`;
    });
  const cordons = world.nodes
    .filter((node) => world.watchman.cordonOf(node) === 'ours' && world.host(node).wellForMs() !== undefined)
    .map((node) => `${node} is well, and has our cordon`);
  return [...open, ...cordons];
}

export async function comesToRest(world: ModelWorld): Promise<void> {
  mendAll(world);
  const startedAt = world.clock.monotonic();
  for (let quiet = 0; quiet < 2;) {
    await world.clock.advance(MINUTE);
    world.check();
    const left = leftOver(world);
    quiet = left.length === 0 ? quiet + 1 : 0;
    if (left.length > 0 && world.clock.monotonic() - startedAt > BOUND_MS) {
      world.watchman.report(`liveness: two hours after all faults have stopped, ${left.join('; ')}`);
      world.check();
    }
  }
}
