/** Names that users see and may rely on: group, labels, annotations, field managers. */

export const GROUP = 'kubelet-medic.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** On a KubeletIncident and a KubeletEvidence: the node, as far as a label holds it. For people: nothing is decided by it. */
export const LABEL_NODE = `${GROUP}/node`;
/** On a KubeletIncident: the cause that its diagnosis found. */
export const LABEL_CAUSE = `${GROUP}/cause`;
/** On a KubeletEvidence that a person asked for: `true`. It is deleted when it has expired. */
export const LABEL_UPLOAD = `${GROUP}/upload`;
/** On a KubeletEvidence: the bytes of its `spec.data` as it is stored. Admission holds whoever creates it to the truth. */
export const ANNOTATION_BYTES = `${GROUP}/bytes`;
/** On a Node: the name of the incident that cordoned it. Only a node that carries it is ever uncordoned by us. */
export const ANNOTATION_CORDONED_BY = `${GROUP}/cordoned-by`;
/** On a Node: why it was cordoned, for a person who finds it. */
export const ANNOTATION_CORDON_REASON = `${GROUP}/cordon-reason`;
/** On a Node: set to `true` by a person to keep kubelet-medic's hands off it. Evidence is still saved. */
export const ANNOTATION_EXCLUDE = `${GROUP}/exclude`;
/** On a Node: by whom it is excluded, and why, for a person who finds it. */
export const ANNOTATION_EXCLUDE_REASON = `${GROUP}/exclude-reason`;

/** On a Node: its drills are allowed. */
export const LABEL_DRILL = `${GROUP}/drill`;
export const DRILL_ALLOWED = 'allowed';

/**
 * medik8s (medik8s/common, `pkg/annotations`): on a remediation, the node that it is about, whatever its own name is; and that
 * whoever asked has lost patience, so that nothing more is to be begun.
 */
export const ANNOTATION_REMEDIATION_NODE = 'remediation.medik8s.io/node-name';
export const ANNOTATION_TIMED_OUT = 'remediation.medik8s.io/nhc-timed-out';
/** Cluster API (api/core/v1beta2): on a Node, the Machine that it is of, and its namespace. */
export const ANNOTATION_MACHINE = 'cluster.x-k8s.io/machine';
export const ANNOTATION_MACHINE_NAMESPACE = 'cluster.x-k8s.io/cluster-namespace';

/** Lease in the controller's namespace: who leads renews it every two seconds. */
export const LEADER_LEASE = 'kubelet-medic-controller';
/** Namespace of medik8s' maintenance leases, and what the holder of one of ours begins with, before the incident. */
export const MAINTENANCE_NAMESPACE = 'medik8s-leases';
export const MAINTENANCE_HOLDER = 'kubelet-medic/';
/** ConfigMap in the controller's namespace: what each receiver of notifications was told. */
export const NOTIFICATION_LEDGER = 'kubelet-medic-notifications';

/** Field manager of all that the controller writes. */
export const CONTROLLER_MANAGER = 'kubelet-medic-controller';
/** Field manager of what the controller says of evidence that it has trimmed, also in an incident that is over. */
export const RETENTION_MANAGER = 'kubelet-medic-controller-retention';
/** Field manager of the labels of incidents, and of the generation of one that is over. */
export const MARKS_MANAGER = 'kubelet-medic-controller-marks';
/** Field manager of the controller's question to an agent, so that asking changes nothing else. */
export const INQUIRY_MANAGER = 'kubelet-medic-controller-inquiry';
/** Field manager of what the controller says of the bucket: grants to agents, and what is there of an incident that is over. */
export const BUCKET_MANAGER = 'kubelet-medic-controller-bucket';
/** Field manager of all that an agent writes. */
export const AGENT_MANAGER = 'kubelet-medic-agent';
/** Field manager of the one condition that the controller sets on a Machine. */
export const MACHINE_MANAGER = 'kubelet-medic-controller-machine';
