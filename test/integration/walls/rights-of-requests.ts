/** Rights where other operators may ask for a node (docs/other-operators.md). */
import type { Right } from './right.ts';

const OWN = 'kubelet-medic.io';
const CLUSTER_API = 'cluster.x-k8s.io';
const READ = ['get', 'list', 'watch'] as const;

export const RIGHTS_OF_REQUESTS: readonly Right[] = [
  {
    identity: 'controller',
    when: 'otherOperators',
    namespace: '*',
    group: OWN,
    resources: ['kubeletremediations'],
    verbs: [...READ, 'delete'],
    why: 'what other operators ask for; answered ones that nobody owns are deleted (policy)',
  },
  {
    identity: 'controller',
    when: 'otherOperators',
    namespace: '*',
    group: OWN,
    resources: ['kubeletremediations/status'],
    verbs: ['patch'],
    why: 'the answer',
  },
  {
    identity: 'controller',
    when: 'mhc',
    namespace: '*',
    group: CLUSTER_API,
    resources: ['machines'],
    verbs: ['get'],
    why: 'which node a Machine has',
  },
  {
    identity: 'controller',
    when: 'replace',
    namespace: '*',
    group: CLUSTER_API,
    resources: ['machines/status'],
    verbs: ['patch'],
    why: 'the condition OwnerRemediated of a Machine that is unhealthy (policy)',
  },
  ...(['nhc', 'mhc'] as const).flatMap((when): readonly Right[] => [
    {
      identity: when,
      when,
      namespace: '*',
      group: OWN,
      resources: ['kubeletremediationtemplates'],
      verbs: READ,
      why: 'what requests are made from',
    },
    {
      identity: when,
      when,
      namespace: '*',
      group: OWN,
      resources: ['kubeletremediations'],
      verbs: [...READ, 'create', 'update', 'patch', 'delete'],
      why: 'a request, and its end; no status',
    },
  ]),
  ...['kubeletremediations', 'kubeletremediationtemplates'].map((resource): Right => ({
    identity: 'request-reader',
    when: 'otherOperators',
    namespace: '*',
    group: OWN,
    resources: [resource],
    verbs: READ,
    why: 'what was asked, and what was answered',
  })),
];
