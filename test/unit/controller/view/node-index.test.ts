import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Node } from '../../../../src/api/kubernetes/node.ts';
import type { KubeletHealth } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletRecoveryPolicy } from '../../../../src/api/v1alpha1/kinds/policy.ts';
import { createNodeIndex } from '../../../../src/controller/view/node-index.ts';
import { isControlPlane, isReady } from '../../../../src/core/decision/node-state.ts';
import { matchPolicy } from '../../../../src/core/decision/policy/policy-match.ts';
import { aHealth, aNode, aPolicy } from '../../../support/builders/objects.ts';

const name = fc.constantFrom('node-a', 'node-b', 'node-c');
const labels = fc.constantFrom({}, { team: 'a' }, { team: 'b', 'node-role.kubernetes.io/control-plane': '' });
const POLICIES: readonly KubeletRecoveryPolicy[] = [
  aPolicy({}, 'all'),
  aPolicy({ priority: 2, nodeSelector: { matchLabels: { team: 'a' } } }, 'of-a'),
  aPolicy({ priority: 1, nodeSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }, 'of-teams'),
];
const change = fc.oneof(
  fc.record({ kind: fc.constant('node'), name, labels, ready: fc.constantFrom('True', 'False', 'Unknown') } as const),
  fc.record({ kind: fc.constant('no-node'), name } as const),
  fc.record({ kind: fc.constant('health'), name, state: fc.constantFrom('Healthy', 'Unhealthy') } as const),
  fc.record({ kind: fc.constant('no-health'), name } as const),
  fc.record({ kind: fc.constant('policies'), policies: fc.subarray([...POLICIES]) } as const),
);

test('the index of nodes answers as a look at all of them would, whatever changed', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const index = createNodeIndex();
      const nodes = new Map<string, Node>();
      const healths = new Map<string, KubeletHealth>();
      let policies: readonly KubeletRecoveryPolicy[] = [];
      for (const one of changes) {
        if (one.kind === 'node') nodes.set(one.name, aNode(one));
        else if (one.kind === 'no-node') nodes.delete(one.name);
        else if (one.kind === 'health') healths.set(one.name, aHealth({ node: one.name, state: one.state }));
        else if (one.kind === 'no-health') healths.delete(one.name);
        else policies = one.policies;
        if (one.kind === 'policies') index.setPolicies(policies);
        else if (one.kind.endsWith('node')) index.setNode(one.name, nodes.get(one.name));
        else index.setHealth(one.name, healths.get(one.name));
      }
      const all = [...nodes.values()];
      const named = (those: readonly Node[]): readonly string[] => those.map(({ metadata }) => metadata.name).sort();
      expect([...index.controlPlane()].sort()).toEqual(named(all.filter(isControlPlane)));
      for (const { metadata } of POLICIES) {
        const ruled = all.filter((node) => matchPolicy(node, policies).policy?.metadata.name === metadata.name);
        const lost = all.filter((node) =>
          matchPolicy(node, policies).overridden.some((other) => other.metadata.name === metadata.name),
        );
        const isIll = (node: Node): boolean => healths.get(node.metadata.name)?.status.pleg?.state === 'Unhealthy';
        expect(index.ruled(metadata.name)).toBe(ruled.length);
        expect([...index.overridden(metadata.name).keys()].sort()).toEqual(named(lost));
        expect([...index.notReady(metadata.name)].sort()).toEqual(named(ruled.filter((node) => !isReady(node))));
        expect([...index.saidIll(metadata.name)].sort()).toEqual(
          named(ruled.filter((node) => isReady(node) && isIll(node))),
        );
      }
    }),
  );
});
