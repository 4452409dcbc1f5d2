/**
 * A small fleet in the states that documents speak of. Objects of ours are written into etcd as they are, since admission lets
 * only the programs of the chart write them; all else goes through the API server.
 */
import { createHash } from 'node:crypto';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import type { HealthStatus, KubeletHealth } from '../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_BYTES, API_VERSION } from '../../../src/api/v1alpha1/words/names.ts';
import { toObjects } from '../../../src/core/evidence/evidence-objects.ts';
import { writeStored, type Stored } from '../../bench/fleet/machine/etcd.ts';
import { aHealth } from '../../support/builders/objects.ts';
import { approved, fixture, justOpened, observed, recovered } from '../../support/report/scenarios.ts';
import type { Machine } from './machine.ts';

/** Has an agent that uploads what is in its spool. */
export const SAVED = { node: 'node-2', incident: 'node-2-4kq8z' };
const WORKERS = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
const NODES = [...WORKERS, 'control-plane-1'];

const FROZEN = 'kubelet/1.36.3-connection-frozen-215s';
const FILES: Readonly<Record<string, () => Buffer>> = Object.fromEntries(
  ['goroutines-1.txt.gz', 'goroutines-2.txt.gz', 'kubelet.log.gz'].map((name) => [
    name,
    () => fixture(`${FROZEN}/${name}`),
  ]),
);

/** What an artifact of the saved incident holds: of `recovered` in the scenarios of reports. */
export function contentOf({ name }: EvidenceEntry): Buffer {
  return FILES[name]?.() ?? Buffer.from(name.replace(/\.gz$/, ''));
}

/** In the form of a UUID, and the same in each run. */
function uidOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

function stored(kind: string, name: string, body: { readonly spec: object; readonly status?: object }): Stored {
  const metadata = { name, uid: uidOf(name), creationTimestamp: '2026-11-24T13:23:28Z', generation: 1 };
  return { name, text: JSON.stringify({ apiVersion: API_VERSION, kind, metadata, ...body }) };
}

interface Telling {
  readonly name: string;
  readonly node: string;
  readonly incident: KubeletIncident;
  readonly change?: Partial<KubeletIncident['status']>;
}

function incidentOf({ name, node, incident, change = {} }: Telling): Stored {
  const { approval: _none, ...spec } = incident.spec;
  const text = JSON.stringify({
    spec: { ...spec, nodeName: node, nodeUID: uidOf(node) },
    status: { ...incident.status, ...change },
  }).replaceAll('node-2-4kq8z', name);
  return stored('KubeletIncident', name, JSON.parse(text) as { spec: object; status: object });
}

/** Evidence of the saved incident: dumps are in the API server, all else is in the spool of its node. */
function savedEvidence(): readonly EvidenceEntry[] {
  const owner = { nodeName: SAVED.node, incident: SAVED.incident, incidentUID: uidOf(SAVED.incident) };
  return (recovered().incident.status.evidence ?? []).map((entry) => {
    if (entry.kind !== 'GoroutineDump') return entry;
    const options = { occasion: 'docs', expiresAt: undefined };
    const [first] = toObjects(owner, entry, contentOf(entry), options) ?? [];
    return { ...entry, location: `evidence://${first?.name ?? ''}` };
  });
}

function evidences(): readonly Stored[] {
  const owner = { nodeName: SAVED.node, incident: SAVED.incident, incidentUID: uidOf(SAVED.incident) };
  return savedEvidence()
    .filter(({ kind }) => kind === 'GoroutineDump')
    .flatMap((entry) => toObjects(owner, entry, contentOf(entry), { occasion: 'docs', expiresAt: undefined }) ?? [])
    .map(({ name, spec }) => {
      const annotations = { [ANNOTATION_BYTES]: String(Buffer.byteLength(spec.data)) };
      const metadata = {
        name,
        uid: uidOf(name),
        creationTimestamp: '2026-11-24T13:23:30Z',
        generation: 1,
        annotations,
      };
      return { name, text: JSON.stringify({ apiVersion: API_VERSION, kind: 'KubeletEvidence', metadata, spec }) };
    });
}

/** Recovered, held for a person, handed over, just opened, only observed. */
function incidents(): readonly Stored[] {
  const held = approved().incident;
  const handedOver = recovered().incident;
  const steps = (held.status.steps ?? []).filter(({ type }) => type !== 'Act');
  return [
    incidentOf({
      ...{ name: SAVED.incident, node: SAVED.node, incident: recovered().incident },
      change: { evidence: [...savedEvidence()] },
    }),
    incidentOf({
      ...{ name: 'node-3-h7x2m', node: 'node-3', incident: held },
      change: {
        state: 'Held: approve or reject',
        steps: steps.map((step) =>
          step.type === 'Hold' ? { ...step, state: 'Requested' as const, finishedAt: undefined } : step,
        ),
        evidence: [],
      },
    }),
    incidentOf({
      ...{ name: 'node-5-w9v4t', node: 'node-5', incident: handedOver },
      change: { outcome: 'HandedOver', state: 'HandedOver', action: undefined, actions: [], evidence: [] },
    }),
    incidentOf({ name: 'node-4-b2c8d', node: 'node-4', incident: justOpened().incident }),
    incidentOf({ name: 'node-1-p6q3r', node: 'node-1', incident: observed().incident }),
  ];
}

const TRUE = (type: string): NonNullable<HealthStatus['conditions']>[number] => ({
  ...{ type, status: 'True', reason: 'Fine', message: 'fine', lastTransitionTime: '2026-11-24T10:00:00Z' },
});

/** An agent that has just reported. */
function healthOf(node: string): Stored {
  const now = new Date().toISOString();
  const health: KubeletHealth = aHealth({
    node,
    state: node === 'node-3' || node === 'node-4' ? 'Unhealthy' : 'Healthy',
    status: {
      agent: { version: '0.1.0', startedAt: now, reportedAt: now },
      kubelet: { unit: 'kubelet.service', restart: 'always', program: { state: 'Running', since: now } },
      conditions: ['LogReadable', 'RuntimeReachable', 'SpoolWritable', 'StacksReadable', 'Recoverable'].map(TRUE),
    },
  });
  return stored('KubeletHealth', node, { spec: { policy: 'default', mode: 'Remediate' }, status: health.status });
}

const KINDS: Readonly<Record<string, () => readonly Stored[]>> = {
  kubeletincidents: incidents,
  kubeletevidences: evidences,
  kubelethealths: () => WORKERS.map(healthOf),
};

interface Listed {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** All of ours as it was; what commands have added goes. */
export async function restoreObjects(machine: Machine): Promise<void> {
  const { plane, api } = machine;
  for (const [plural, make] of Object.entries(KINDS)) {
    const objects = make();
    const path = `/apis/kubelet-medic.io/v1alpha1/${plural}`;
    const { items } = (await api('GET', path)) as Listed;
    const known = new Set(objects.map(({ name }) => name));
    for (const { metadata } of items.filter(({ metadata: { name } }) => !known.has(name))) {
      await api('DELETE', `${path}/${metadata.name}`, undefined, [404]);
    }
    await writeStored(plane, plural, objects);
  }
  await restorePolicies(machine);
}

/** The chart's own policy, and no other. What a person has set in it, Helm leaves. */
async function restorePolicies({ api }: Machine): Promise<void> {
  const path = '/apis/kubelet-medic.io/v1alpha1/kubeletrecoverypolicies';
  const { items } = (await api('GET', path)) as Listed;
  for (const { metadata } of items.filter(({ metadata: { name } }) => name !== 'default')) {
    await api('DELETE', `${path}/${metadata.name}`, undefined, [404]);
  }
  await api('PATCH', `${path}/default`, { spec: { paused: null } });
}

/** One incident as it was: a command before this one may have decided on it. */
export async function restoreIncidents({ plane }: Machine): Promise<void> {
  await writeStored(plane, 'kubeletincidents', incidents());
}

function nodeObject(name: string): object {
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': name,
    ...(name.startsWith('control') ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

function nodeStatus(name: string, { kubelet }: Machine): object {
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const isReady = name !== 'node-3' && name !== 'node-4';
  const room = { cpu: '8', memory: '16Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  const message = isReady
    ? 'kubelet is posting ready status'
    : 'PLEG is not healthy: pleg was last seen active 4m0s ago';
  const times = { lastHeartbeatTime: at, lastTransitionTime: at };
  return {
    capacity: room,
    allocatable: room,
    addresses: [{ type: 'InternalIP', address: kubelet.address }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    conditions: [
      {
        type: 'Ready',
        status: isReady ? 'True' : 'False',
        reason: isReady ? 'KubeletReady' : 'KubeletNotReady',
        message,
        ...times,
      },
    ],
    nodeInfo: {
      ...{ machineID: '', systemUUID: '', bootID: '', kernelVersion: '6.1.0', osImage: 'Debian GNU/Linux 12' },
      ...{ containerRuntimeVersion: 'containerd://1.6.20', kubeletVersion: 'v1.36.3', kubeProxyVersion: '' },
      ...{ operatingSystem: 'linux', architecture: 'amd64' },
    },
  };
}

/** Nodes as they were: labels, annotations and cordons of commands go. */
export async function restoreNodes(machine: Machine): Promise<void> {
  const { api } = machine;
  for (const name of NODES) {
    const path = `/api/v1/nodes/${name}`;
    await api('POST', '/api/v1/nodes', nodeObject(name), [409]);
    const { metadata } = (await api('GET', path)) as { metadata: { labels?: object; annotations?: object } };
    const none = (of: object | undefined): object =>
      Object.fromEntries(Object.keys(of ?? {}).map((key) => [key, null]));
    const { labels } = (nodeObject(name) as { metadata: { labels: object } }).metadata;
    await api('PATCH', path, {
      metadata: { labels: { ...none(metadata.labels), ...labels }, annotations: none(metadata.annotations) },
      spec: { unschedulable: null, taints: null },
    });
    await api('PATCH', `${path}/status`, { status: nodeStatus(name, machine) });
  }
}
