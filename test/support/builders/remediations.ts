/** Requests of other operators for tests. */
import { KubeletRemediation } from '../../../src/api/v1alpha1/kinds/remediation.ts';
import { at } from './objects.ts';

export interface RemediationOptions {
  readonly name?: string;
  readonly spec?: object;
  readonly status?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: 'NodeHealthCheck' | 'Machine';
  readonly createdAt?: number;
  readonly deleting?: boolean;
}

const OWNERS = {
  NodeHealthCheck: {
    apiVersion: 'remediation.medik8s.io/v1alpha1',
    kind: 'NodeHealthCheck',
    name: 'workers',
    uid: 'w',
  },
  Machine: { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Machine', name: 'machine-a', uid: 'm' },
};

/** Of node-a, made now, by nobody. */
export function aRemediation(options: RemediationOptions = {}): KubeletRemediation {
  const { name = 'node-a', spec = {}, status = {}, annotations = {}, owner, createdAt = 0, deleting = false } = options;
  return KubeletRemediation.parse({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '5',
      generation: 1,
      creationTimestamp: at(createdAt),
      annotations,
      ownerReferences: owner === undefined ? [] : [OWNERS[owner]],
      ...(deleting ? { deletionTimestamp: at(0) } : {}),
    },
    spec,
    status,
  });
}
