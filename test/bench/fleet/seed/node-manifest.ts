/** Nodes of the size that a cloud's have: labels, annotations, four conditions and thirty images with long names. */
import type { Manifest } from '../../../../src/ports/cluster.ts';
import { createHash } from 'node:crypto';
import { toTime } from '../../../../src/core/time/timestamp.ts';
import { NODE_CONDITION_STUCK } from '../../../../src/api/v1alpha1/words/conditions.ts';

const IMAGES = 30;
const REGISTRY = '000000000000.dkr.ecr.eu-central-1.amazonaws.com/platform';

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function images(): readonly object[] {
  return Array.from({ length: IMAGES }, (_, index) => {
    const name = `${REGISTRY}/team-${index % 7}/service-with-a-long-name-${index}`;
    return {
      names: [`${name}@sha256:${digest(name)}`, `${name}:v1.${index}.0-${digest(name).slice(0, 12)}`],
      sizeBytes: 50_000_000 + index,
    };
  });
}

function labels(name: string, index: number): Readonly<Record<string, string>> {
  return {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/instance-type': 'm6i.4xlarge',
    'beta.kubernetes.io/os': 'linux',
    'eks.amazonaws.com/capacityType': 'ON_DEMAND',
    'eks.amazonaws.com/nodegroup': `workers-${index % 12}`,
    'eks.amazonaws.com/nodegroup-image': 'ami-0123456789abcdef0',
    'eks.amazonaws.com/sourceLaunchTemplateId': 'lt-0123456789abcdef0',
    'failure-domain.beta.kubernetes.io/region': 'eu-central-1',
    'failure-domain.beta.kubernetes.io/zone': `eu-central-1${'abc'.charAt(index % 3)}`,
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': 'm6i.4xlarge',
    'topology.ebs.csi.aws.com/zone': `eu-central-1${'abc'.charAt(index % 3)}`,
    'topology.kubernetes.io/region': 'eu-central-1',
    'topology.kubernetes.io/zone': `eu-central-1${'abc'.charAt(index % 3)}`,
  };
}

const CONDITIONS = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
] as const;
/** The kubelet's conditions stand first, and this one is the last of them. */
export const READY_INDEX = CONDITIONS.findIndex(([type]) => type === 'Ready');
export const KUBELETS_CONDITIONS = CONDITIONS.length;

function conditions(now: number): readonly object[] {
  const [lastHeartbeatTime, lastTransitionTime] = [toTime(now), toTime(now - 86_400_000)];
  const kubelets = CONDITIONS.map(([type, status, reason, message]) => ({
    ...{ type, status, reason, message },
    ...{ lastHeartbeatTime, lastTransitionTime },
  }));
  // As the controller has marked it, long ago.
  const ours = { type: NODE_CONDITION_STUCK, status: 'False', reason: 'PLEGHealthy', message: 'no breach seen' };
  return [...kubelets, { ...ours, lastHeartbeatTime, lastTransitionTime }];
}

export function nodeName(index: number): string {
  return `ip-10-${Math.floor(index / 65_536)}-${Math.floor(index / 256) % 256}-${index % 256}.eu-central-1.compute.internal`;
}

export function nodeManifest(index: number, now: number): Manifest {
  const name = nodeName(index);
  const address = name.slice(3, name.indexOf('.')).replaceAll('-', '.');
  const capacity = { cpu: '16', memory: '64584380Ki', pods: '234', 'ephemeral-storage': '104845292Ki' };
  return {
    metadata: {
      name,
      labels: labels(name, index),
      annotations: {
        'alpha.kubernetes.io/provided-node-ip': address,
        'csi.volume.kubernetes.io/nodeid': `{"ebs.csi.aws.com":"i-${digest(name).slice(0, 17)}","efs.csi.aws.com":"i-${digest(name).slice(0, 17)}"}`,
        'node.alpha.kubernetes.io/ttl': '300',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: { providerID: `aws:///eu-central-1a/i-${digest(name).slice(0, 17)}`, podCIDR: '10.244.0.0/24' },
    status: {
      capacity,
      allocatable: capacity,
      conditions: conditions(now),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'InternalDNS', address: name },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
      nodeInfo: {
        machineID: digest(name).slice(0, 32),
        systemUUID: `ec2${digest(name).slice(0, 5)}-1111-2222-3333-444455556666`,
        bootID: '4f1c7c1e-0f51-4f0e-9d1b-5d7f0c1f2a3b',
        kernelVersion: '6.1.0-38-amd64',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        containerRuntimeVersion: 'containerd://1.7.27',
        kubeletVersion: 'v1.36.3',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      images: images(),
    },
  };
}
