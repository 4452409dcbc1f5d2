/** Every right that the chart grants: the table of docs/threat-model.md, and what the API server is asked. */

export interface Right {
  /** `controller`, `agent` and `clean-up` are the chart's accounts, the others ClusterRoles for people. */
  readonly identity: string;
  /** The values that grant it; absent: always. */
  readonly when?: 'nodeProxy' | 'medik8s' | 'drills';
  /** `*`: in all, and of what is in none. */
  readonly namespace: string;
  /** `GROUP/RESOURCE`, `RESOURCE` of the core group; subresources after a slash of their own: `/nodes/status`. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly names?: readonly string[];
  readonly verbs: readonly string[];
  readonly why: string;
}

const OWN = 'kubelet-medic.io';
const LEASES = 'coordination.k8s.io';
const READ = ['get', 'list', 'watch'] as const;

export const RIGHTS: readonly Right[] = [
  {
    identity: 'agent',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents', 'kubelethealths'],
    verbs: READ,
    why: 'what is asked of its node; RBAC cannot say "of its own"',
  },
  {
    identity: 'agent',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents/status', 'kubelethealths/status'],
    verbs: ['patch'],
    why: 'its report; of its own node and its own fields only (policy)',
  },
  {
    identity: 'agent',
    namespace: '*',
    group: OWN,
    resources: ['kubeletevidences'],
    verbs: ['create'],
    why: 'what it saved, of its own node and incidents only (policy)',
  },
  {
    identity: 'agent',
    namespace: '*',
    group: '',
    resources: ['nodes'],
    verbs: ['get'],
    why: 'the last look before an act',
  },
  {
    identity: 'agent',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies'],
    verbs: ['get'],
    why: 'the last look before an act',
  },
  {
    identity: 'agent',
    namespace: 'kubelet-medic',
    group: '',
    resources: ['serviceaccounts/token'],
    names: ['kubelet-medic-agent'],
    verbs: ['create'],
    why: 'a token that outlives its pod, bound to its Node (policy)',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: '',
    resources: ['nodes'],
    verbs: [...READ, 'patch'],
    why: 'cordon and uncordon, with two annotations (policy)',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: '',
    resources: ['nodes/status'],
    verbs: ['patch'],
    why: 'the condition KubeletStuck (policy)',
  },
  {
    identity: 'controller',
    when: 'nodeProxy',
    namespace: '*',
    group: '',
    resources: ['nodes/proxy'],
    verbs: ['get'],
    why: 'dumps of a kubelet, by four paths (policy)',
  },
  {
    identity: 'controller',
    when: 'drills',
    namespace: '*',
    group: '',
    resources: ['pods'],
    verbs: ['list'],
    why: 'whether a drill would harm a pod of its node',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: '',
    resources: ['namespaces'],
    names: ['medik8s-leases'],
    verbs: ['get'],
    why: 'whether maintenance leases are used here',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies'],
    verbs: READ,
    why: 'what it goes by; it writes none',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents'],
    verbs: [...READ, 'create', 'patch', 'delete'],
    why: 'opened without an approval, labelled, deleted when they are over (policy)',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: OWN,
    resources: ['kubelethealths'],
    verbs: [...READ, 'create', 'patch'],
    why: 'what each agent is told',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: OWN,
    resources: ['kubeletevidences'],
    verbs: [...READ, 'delete'],
    why: 'dumps for the diagnosis; deleted where all evidence takes more than it may, and uploads after an hour',
  },
  {
    identity: 'controller',
    when: 'nodeProxy',
    namespace: '*',
    group: OWN,
    resources: ['kubeletevidences'],
    verbs: ['create'],
    why: 'what came through the node proxy',
  },
  {
    identity: 'controller',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies/status', 'kubeletincidents/status'],
    verbs: ['patch'],
    why: "its decisions; not the agent's part of them (policy)",
  },
  {
    identity: 'controller',
    namespace: 'kubelet-medic',
    group: LEASES,
    resources: ['leases'],
    names: ['kubelet-medic-controller'],
    verbs: ['get', 'update'],
    why: 'leader election',
  },
  {
    identity: 'controller',
    namespace: 'kubelet-medic',
    group: LEASES,
    resources: ['leases'],
    verbs: ['create'],
    why: 'leader election, under its one name (policy)',
  },
  {
    identity: 'controller',
    when: 'medik8s',
    namespace: 'medik8s-leases',
    group: LEASES,
    resources: ['leases'],
    verbs: ['get', 'create', 'patch'],
    why: 'maintenance leases `node-*` in its own name (policy)',
  },
  {
    identity: 'controller',
    namespace: 'kube-node-lease',
    group: LEASES,
    resources: ['leases'],
    verbs: ['get'],
    why: 'whether a kubelet that does not report renews its Lease',
  },
  {
    identity: 'controller',
    namespace: 'default',
    group: '',
    resources: ['events'],
    verbs: ['create'],
    why: 'events of nodes and incidents under its own name (policy)',
  },
  {
    identity: 'clean-up',
    namespace: '*',
    group: '',
    resources: ['nodes'],
    verbs: ['list'],
    why: 'on uninstall, for two minutes at most',
  },
  {
    identity: 'clean-up',
    namespace: '*',
    group: '',
    resources: ['nodes/status'],
    verbs: ['patch'],
    why: 'that nobody keeps the condition KubeletStuck any more',
  },
  {
    identity: 'clean-up',
    namespace: '*',
    group: OWN,
    resources: ['kubelethealths'],
    verbs: ['list', 'delete'],
    why: 'they would be taken for the present state',
  },
  {
    identity: 'view',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies', 'kubeletincidents', 'kubelethealths'],
    verbs: READ,
    why: 'what the operator sees and does',
  },
  {
    identity: 'view',
    namespace: '*',
    group: LEASES,
    resources: ['leases'],
    names: ['kubelet-medic-controller'],
    verbs: ['get'],
    why: 'whether a controller leads',
  },
  {
    identity: 'evidence-reader',
    namespace: '*',
    group: OWN,
    resources: ['kubeletevidences'],
    verbs: ['get', 'list'],
    why: 'dumps, and logs that were uploaded',
  },
  {
    identity: 'capture',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents'],
    verbs: [...READ, 'create', 'patch'],
    why: 'incidents of mode Capture, and requests for uploads (policy)',
  },
  {
    identity: 'capture',
    namespace: '*',
    group: OWN,
    resources: ['kubelethealths'],
    verbs: ['get'],
    why: 'whether the agent of the node is there to upload',
  },
  {
    identity: 'capture',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies'],
    verbs: ['get', 'list'],
    why: 'evidence as the policy of the node would have it',
  },
  { identity: 'capture', namespace: '*', group: '', resources: ['nodes'], verbs: ['get'], why: 'the UID of the node' },
  {
    identity: 'approve',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents'],
    verbs: [...READ, 'patch', 'approve'],
    why: '`spec.approval`, under his own name (policy)',
  },
  {
    identity: 'drill',
    when: 'drills',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents'],
    verbs: [...READ, 'create', 'patch', 'drill'],
    why: 'a fault on a node that is labelled for it, and its end (policy)',
  },
  {
    identity: 'drill',
    when: 'drills',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies'],
    verbs: ['get', 'list'],
    why: 'which policy would heal the node',
  },
  {
    identity: 'drill',
    when: 'drills',
    namespace: '*',
    group: '',
    resources: ['nodes'],
    verbs: ['get'],
    why: 'the UID of the node',
  },
  {
    identity: 'admin',
    namespace: '*',
    group: OWN,
    resources: ['kubeletrecoverypolicies'],
    verbs: [...READ, 'create', 'update', 'patch', 'delete'],
    why: 'what may be done to which nodes',
  },
  {
    identity: 'admin',
    namespace: '*',
    group: OWN,
    resources: ['kubeletincidents'],
    verbs: [...READ, 'create', 'update', 'patch', 'delete', 'approve'],
    why: 'as -capture and -approve, and their end',
  },
  {
    identity: 'admin',
    namespace: '*',
    group: OWN,
    resources: ['kubelethealths'],
    verbs: [...READ, 'delete'],
    why: 'the controller writes them anew',
  },
];

const CONDITIONS: Readonly<Record<NonNullable<Right['when']>, string>> = {
  nodeProxy: '`controller.nodeProxy`',
  medik8s: 'that namespace',
  drills: '`drills.enabled`',
};

/** A row of the table of docs/threat-model.md. */
export function rowOf({ identity, when, namespace, resources, names, verbs, why }: Right): string {
  const where = namespace === '*' ? '' : ` in \`${namespace}\``;
  const which = names === undefined ? '' : ` (\`${names.join('`, `')}\`)`;
  const condition = when === undefined ? '' : `; with ${CONDITIONS[when]}`;
  return `${identity} | ${resources.join(', ')}${which}${where}${condition} | ${verbs.join(', ')} | ${why}`;
}
