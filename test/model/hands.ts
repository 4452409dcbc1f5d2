/** What people and other programs do to nodes and policies. The watchman is told what they forbid. */
import { INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { ANNOTATION_EXCLUDE } from '../../src/api/v1alpha1/words/names.ts';
import { objectAt, without } from '../support/api-server/json.ts';
import type { ModelWorld } from './world-shape.ts';
import { editSpec, holdLease } from './world.ts';

function setUnschedulable(world: ModelWorld, node: string, isSet: boolean, manager: string): void {
  if (world.node(node) === undefined) return;
  world.local.seeds.edit(
    NODES,
    { name: node },
    (draft) => {
      const spec = { ...objectAt(draft, 'spec') };
      if (isSet) spec['unschedulable'] = true;
      else delete spec['unschedulable'];
      draft['spec'] = spec;
    },
    manager,
  );
}

function annotate(world: ModelWorld, node: string, value: string | undefined): void {
  if (world.node(node) === undefined) return;
  world.local.seeds.edit(NODES, { name: node }, (draft) => {
    const metadata = objectAt(draft, 'metadata');
    const others = without(objectAt(metadata, 'annotations'), ANNOTATION_EXCLUDE);
    const annotations = value === undefined ? others : { ...others, [ANNOTATION_EXCLUDE]: value };
    draft['metadata'] = { ...metadata, annotations };
  });
}

export const HANDS = {
  cordon(world: ModelWorld, node: string): void {
    setUnschedulable(world, node, false, 'kubectl-cordon');
    setUnschedulable(world, node, true, 'kubectl-cordon');
    world.watchman.forbid(node, 'cordon', true);
  },
  uncordon(world: ModelWorld, node: string): void {
    setUnschedulable(world, node, false, 'kubectl');
    world.watchman.forbid(node, 'cordon', false);
  },
  exclude(world: ModelWorld, node: string, isExcluded: boolean): void {
    annotate(world, node, isExcluded ? 'true' : undefined);
    world.watchman.forbid(node, 'exclusion', isExcluded && world.node(node) !== undefined);
  },
  pause(world: ModelWorld, policy: string, isPaused: boolean): void {
    editSpec(world, policy, (spec) => {
      spec['paused'] = isPaused;
    });
    world.watchman.forbid(policy, 'pause', isPaused);
  },
  lease(world: ModelWorld, node: string, isHeld: boolean): void {
    holdLease(world, node, isHeld ? 'node-maintenance-operator' : '');
    world.watchman.forbid(node, 'lease', isHeld);
  },
  deleteIncident(world: ModelWorld, node: string): void {
    const incident = world.openIncident(node);
    if (incident === undefined) return;
    world.watchman.forgive(node);
    world.local.seeds.remove(INCIDENTS, { name: incident.metadata.name });
  },
  deletePolicy(world: ModelWorld, isDeleted: boolean): void {
    const { seeds } = world.local;
    if (isDeleted) seeds.remove(POLICIES, { name: 'default' });
    else if (seeds.read(POLICIES, { name: 'default' }) === undefined) {
      seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: world.shape.policy });
    }
    world.watchman.forbid('default', 'deletion', isDeleted);
  },
} as const;
