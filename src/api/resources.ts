/** Every kind that kubelet-medic reads or writes: where it lives and how it is parsed. */
import { ConfigMap, Event, Lease, Namespace } from './kubernetes/objects.ts';
import { Machine } from './kubernetes/machine.ts';
import { Node } from './kubernetes/node.ts';
import { Pod } from './kubernetes/pod.ts';
import { KubeletEvidence } from './v1alpha1/kinds/kubelet-evidence.ts';
import { KubeletHealth } from './v1alpha1/kinds/health.ts';
import { KubeletIncident } from './v1alpha1/kinds/incident.ts';
import { API_VERSION } from './v1alpha1/words/names.ts';
import { KubeletRecoveryPolicy } from './v1alpha1/kinds/policy.ts';
import { KubeletRemediation, KubeletRemediationTemplate } from './v1alpha1/kinds/remediation.ts';

export const NODES = {
  apiVersion: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  parse: (raw: unknown): Node => Node.parse(raw),
} as const;
export const PODS = {
  apiVersion: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  parse: (raw: unknown): Pod => Pod.parse(raw),
} as const;
export const EVENTS = {
  apiVersion: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  parse: (raw: unknown): Event => Event.parse(raw),
} as const;
export const LEASES = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  parse: (raw: unknown): Lease => Lease.parse(raw),
} as const;
export const CONFIG_MAPS = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  parse: (raw: unknown): ConfigMap => ConfigMap.parse(raw),
} as const;
export const NAMESPACES = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  parse: (raw: unknown): Namespace => Namespace.parse(raw),
} as const;
export const POLICIES = {
  apiVersion: API_VERSION,
  kind: 'KubeletRecoveryPolicy',
  plural: 'kubeletrecoverypolicies',
  namespaced: false,
  parse: (raw: unknown): KubeletRecoveryPolicy => KubeletRecoveryPolicy.parse(raw),
} as const;
export const INCIDENTS = {
  apiVersion: API_VERSION,
  kind: 'KubeletIncident',
  plural: 'kubeletincidents',
  namespaced: false,
  parse: (raw: unknown): KubeletIncident => KubeletIncident.parse(raw),
} as const;
/** Field selector of incidents that are not over: the outcome and the condition `Complete` are written together. */
export const OPEN_INCIDENTS = 'status.outcome=';
export const HEALTHS = {
  apiVersion: API_VERSION,
  kind: 'KubeletHealth',
  plural: 'kubelethealths',
  namespaced: false,
  parse: (raw: unknown): KubeletHealth => KubeletHealth.parse(raw),
} as const;
export const EVIDENCES = {
  apiVersion: API_VERSION,
  kind: 'KubeletEvidence',
  plural: 'kubeletevidences',
  namespaced: false,
  parse: (raw: unknown): KubeletEvidence => KubeletEvidence.parse(raw),
} as const;
export const REMEDIATIONS = {
  apiVersion: API_VERSION,
  kind: 'KubeletRemediation',
  plural: 'kubeletremediations',
  namespaced: true,
  parse: (raw: unknown): KubeletRemediation => KubeletRemediation.parse(raw),
} as const;
export const REMEDIATION_TEMPLATES = {
  apiVersion: API_VERSION,
  kind: `${REMEDIATIONS.kind}Template`,
  plural: 'kubeletremediationtemplates',
  namespaced: true,
  parse: (raw: unknown): KubeletRemediationTemplate => KubeletRemediationTemplate.parse(raw),
} as const;
/** Of Cluster API. */
export const MACHINES = {
  apiVersion: 'cluster.x-k8s.io/v1beta2',
  kind: 'Machine',
  plural: 'machines',
  namespaced: true,
  parse: (raw: unknown): Machine => Machine.parse(raw),
} as const;
