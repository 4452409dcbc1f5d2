/** How the demo must end. Each sentence that does not hold is an error. */
import { INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import type { DemoCluster } from './cluster.ts';

interface Expected {
  readonly node: string;
  readonly cause: string;
  readonly action: string;
  readonly unit: string;
}

const EXPECTED: readonly Expected[] = [
  { node: 'node-a', cause: 'pleg-event-channel-deadlock', action: 'RestartKubelet', unit: 'kubelet.service' },
  { node: 'node-b', cause: 'runtime-hung', action: 'RestartRuntime', unit: 'containerd.service' },
];

function unmetOf(demo: DemoCluster, expected: Expected, incidents: readonly KubeletIncident[]): readonly string[] {
  const own = incidents.filter((incident) => incident.spec.nodeName === expected.node);
  const [incident] = own;
  const restarts = demo.hosts.get(expected.node)?.restarts.map(({ unit }) => unit) ?? [];
  const kinds = new Set(incident?.status.evidence?.filter(({ state }) => state === 'Captured').map(({ kind }) => kind));
  const { outcome, action, diagnosis } = incident?.status ?? {};
  const claims: readonly (readonly [string, boolean])[] = [
    [`${expected.node} has one incident, not ${own.length}`, own.length === 1],
    [`its outcome is Recovered, not ${String(outcome)}`, outcome === 'Recovered'],
    [`its cause is ${expected.cause}, not ${String(diagnosis?.cause)}`, diagnosis?.cause === expected.cause],
    [`its action is ${expected.action}, not ${String(action)}`, action === expected.action],
    [
      `${expected.unit} and nothing else was restarted, once: ${restarts.join(', ')}`,
      restarts.join() === expected.unit,
    ],
    [
      `a goroutine dump and the kubelet log were saved first: ${[...kinds].join(', ')}`,
      kinds.has('GoroutineDump') && kinds.has('KubeletLog'),
    ],
  ];
  return claims.filter(([, holds]) => !holds).map(([text]) => `${expected.node}: ${text}`);
}

export function unmetExpectations(demo: DemoCluster): readonly string[] {
  const incidents = demo.server.list(INCIDENTS);
  const unmet = EXPECTED.flatMap((expected) => unmetOf(demo, expected, incidents));
  const strangers = incidents.filter((incident) => !EXPECTED.some(({ node }) => node === incident.spec.nodeName));
  const cordoned = demo.server.list(NODES).filter((node) => node.spec.unschedulable);
  return [
    ...unmet,
    ...strangers.map((incident) => `${incident.spec.nodeName} is well and has an incident`),
    ...cordoned.map((node) => `${node.metadata.name} is still cordoned`),
    ...(demo.hosts.get('node-c')?.restarts ?? []).map(({ unit }) => `node-c is well, and its ${unit} was restarted`),
  ];
}
