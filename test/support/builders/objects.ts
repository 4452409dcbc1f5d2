/** Objects for tests: valid by default, through the same parsers as the real ones; a test names only what matters to it. */
import { Node } from '../../../src/api/kubernetes/node.ts';
import { KubeletHealth, type HealthStatus } from '../../../src/api/v1alpha1/kinds/health.ts';
import {
  KubeletIncident,
  type IncidentStatus,
  type Plan,
  type Trigger,
} from '../../../src/api/v1alpha1/kinds/incident.ts';
import { KubeletRecoveryPolicy } from '../../../src/api/v1alpha1/kinds/policy.ts';

type Deep<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Deep<T[K]> } : T;

/** 2026-11-24T10:00:00Z. */
export const T0 = Date.parse('2026-11-24T10:00:00Z');

export function at(ms: number): string {
  return new Date(T0 + ms).toISOString();
}

export interface NodeOptions {
  readonly name?: string;
  readonly ready?: 'True' | 'False' | 'Unknown';
  readonly message?: string;
  readonly since?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly { key: string; effect: string }[];
  readonly unschedulable?: boolean;
  /** Field manager that owns spec.unschedulable. */
  readonly cordonedBy?: string;
  readonly deleting?: boolean;
}

export function aNode(options: NodeOptions = {}): Node {
  const name = options.name ?? 'node-a';
  const owner = {
    manager: options.cordonedBy ?? '',
    operation: 'Update',
    fieldsV1: { 'f:spec': { 'f:unschedulable': {} } },
  };
  return Node.parse({
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '10',
      labels: options.labels,
      annotations: options.annotations,
      managedFields: options.cordonedBy === undefined ? [] : [owner],
      ...(options.deleting === true ? { deletionTimestamp: at(0) } : {}),
    },
    spec: { unschedulable: options.unschedulable ?? false, taints: options.taints ?? [] },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: options.ready ?? 'True',
          reason: 'KubeletReady',
          message: options.message ?? 'kubelet is posting ready status',
          lastTransitionTime: at(options.since ?? -3_600_000),
        },
      ],
      nodeInfo: { kubeletVersion: 'v1.36.3', containerRuntimeVersion: 'containerd://1.6.20' },
    },
  });
}

export function aPolicy(spec: Deep<KubeletRecoveryPolicy['spec']> = {}, name = 'default'): KubeletRecoveryPolicy {
  const metadata = { name, uid: `uid-${name}`, generation: 3, creationTimestamp: at(-86_400_000) };
  return KubeletRecoveryPolicy.parse({ metadata, spec: { mode: 'Remediate', ...spec } });
}

export interface HealthOptions {
  readonly node?: string;
  readonly state?: 'Healthy' | 'Suspected' | 'Unhealthy' | 'Unknown';
  readonly probe?: 'Answered' | 'Timeout' | 'Unavailable' | 'Error' | 'Unknown';
  readonly reportedAt?: number;
  readonly episodes?: readonly { startedAt: string; lastLineAt: string; lines: number; endedAt?: string }[];
  readonly status?: Partial<HealthStatus>;
}

export function aHealth(options: HealthOptions = {}): KubeletHealth {
  const name = options.node ?? 'node-a';
  const reportedAt = at(options.reportedAt ?? 0);
  const state = options.state ?? 'Healthy';
  return KubeletHealth.parse({
    metadata: { name, uid: `health-${name}` },
    spec: {},
    status: {
      agent: { version: '0.1.0', startedAt: at(-3_600_000), reportedAt },
      runtime: { name: 'containerd', version: '1.6.20', probe: { state: options.probe ?? 'Answered', at: reportedAt } },
      pleg: { state, reason: state, message: `PLEG is ${state}`, since: at(-60_000), episodes: options.episodes ?? [] },
      ...options.status,
    },
  });
}

export function aPlan(spec: Deep<KubeletRecoveryPolicy['spec']> = {}): Plan {
  const { mode, strategy, evidence, remediation, budget } = aPolicy(spec).spec;
  return { policy: 'default', policyGeneration: 3, mode, strategy, evidence, remediation, budget };
}

export interface IncidentOptions {
  readonly name?: string;
  readonly node?: string;
  readonly trigger?: Partial<Trigger>;
  readonly plan?: Plan;
  readonly approval?: KubeletIncident['spec']['approval'];
  readonly status?: IncidentStatus;
  readonly createdAt?: number;
}

export function anIncident(options: IncidentOptions = {}): KubeletIncident {
  const node = options.node ?? 'node-a';
  const name = options.name ?? `${node}-x7k2q`;
  return KubeletIncident.parse({
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: at(options.createdAt ?? 0),
    },
    spec: {
      nodeName: node,
      nodeUID: `uid-${node}`,
      trigger: {
        type: 'PLEGUnhealthy',
        at: at(0),
        message: 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s',
        ...options.trigger,
      },
      plan: options.plan ?? aPlan(),
      approval: options.approval,
    },
    status: options.status ?? {},
  });
}
