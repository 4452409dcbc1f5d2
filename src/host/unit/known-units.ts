/** The units of systemd that run kubelets and runtimes. Only root makes units of the system: a user cannot take such a name. */
import type { UnitRole } from '../../ports/host.ts';

/** What the installation says of this host; where it says nothing, the lists below hold. */
export type NamedUnits = Readonly<Partial<Record<UnitRole, string>>>;

export interface UnitChoice {
  /** In the order in which they are looked at. */
  readonly units: readonly string[];
  /** A person vouches for the unit: its process may have a control group and a root folder of its own. */
  readonly isNamed: boolean;
}

const K3S = ['k3s.service', 'k3s-agent.service', 'rke2-server.service', 'rke2-agent.service'];
const K0S = ['k0scontroller.service', 'k0sworker.service'];

/** OpenShift's kubenswrapper is the program of kubelet.service. */
const KUBELETS = [
  'kubelet.service',
  ...K3S,
  ...K0S,
  'snap.kubelet-eks.daemon.service',
  'snap.kubelet.daemon.service',
  'snap.k8s.kubelet.service',
  'snap.microk8s.daemon-kubelite.service',
  'snap.microk8s.daemon-kubelet.service',
];

/** The first whose pattern is in the endpoint; cri-dockerd only passes on what dockerd does. */
const RUNTIMES: readonly { readonly endpoint: RegExp; readonly units: readonly string[] }[] = [
  { endpoint: /crio/, units: ['crio.service'] },
  { endpoint: /docker/, units: ['docker.service'] },
  { endpoint: /\/k3s\//, units: K3S },
  { endpoint: /\/k0s\//, units: K0S },
  {
    endpoint: /containerd/,
    units: ['containerd.service', 'snap.k8s.containerd.service', 'snap.microk8s.daemon-containerd.service'],
  },
];
const ALL_RUNTIMES = ['containerd.service', 'crio.service', 'docker.service'];

/** @param endpoint the CRI endpoint of the kubelet: it says which runtime is meant. */
export function unitsOf(role: UnitRole, named: NamedUnits, endpoint: string | undefined): UnitChoice {
  const name = named[role];
  if (name !== undefined) return { units: [name], isNamed: true };
  return { units: role === 'kubelet' ? KUBELETS : runtimeUnits(endpoint), isNamed: false };
}

function runtimeUnits(endpoint: string | undefined): readonly string[] {
  const meant = RUNTIMES.find((one) => endpoint !== undefined && one.endpoint.test(endpoint));
  return meant?.units ?? [...new Set([...ALL_RUNTIMES, ...RUNTIMES.flatMap(({ units }) => units)])];
}

/** Whether a unit is one that may be restarted at all. */
export function isKnownUnit(unit: string, named: NamedUnits): boolean {
  return KUBELETS.includes(unit) || runtimeUnits(undefined).includes(unit) || Object.values(named).includes(unit);
}
