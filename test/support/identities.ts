/** Whoever speaks to a cluster in which the chart is installed: its two accounts, and people with its roles, by real tokens. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../src/api/meta.ts';
import { NAMESPACES, NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster, Manifest } from '../../src/ports/cluster.ts';
import { isMedicError } from '../../src/ports/errors.ts';
import { createRecordingLog } from './builders/recording.ts';
import { installChart } from './chart.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, PODS, rawResource } from './raw-resource.ts';
import { eventually, realClock, realRandom } from './real-time.ts';

export const NAMESPACE = 'kubelet-medic';
const TEST = { manager: 'test' };
const TokenRequest = z.object({ metadata: ObjectMeta, status: z.object({ token: z.string() }) });

export interface Identities {
  readonly plane: ControlPlane;
  /** Of the group system:masters: whatever RBAC says. Admission policies hold for him too. */
  readonly admin: Cluster;
  readonly nodeUIDs: ReadonlyMap<string, string>;
  connect(token: string): Cluster;
  /** The token that the kubelet would project into a pod of this account on this node; without a node, into none. */
  tokenOf(account: string, node?: string): Promise<string>;
  /** Somebody who has these ClusterRoles of the chart, and nothing else. `user`: as the API server knows him. */
  person(name: string, ...roles: readonly string[]): Promise<{ readonly user: string; readonly cluster: Cluster }>;
  /** The token of such a person. */
  tokenOfPerson(name: string, ...roles: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Nodes node-a and node-b, the namespace medik8s-leases, the CRDs and the chart. @param sets values of the chart, as `--set` takes them. */
export async function startIdentities(...sets: readonly string[]): Promise<Identities> {
  const plane = await startControlPlane();
  const connect = (token: string): Cluster =>
    createCluster(plane.connection(token), { clock: realClock, random: realRandom, log: createRecordingLog() });
  const admin = connect('admin');
  await installCrds(admin);
  const nodeUIDs = new Map<string, string>();
  for (const name of ['node-a', 'node-b']) {
    nodeUIDs.set(name, (await admin.create(NODES, { metadata: { name } }, TEST)).metadata.uid);
  }
  // The chart grants rights there where helm finds it.
  await admin.create(NAMESPACES, { metadata: { name: 'medik8s-leases' } }, TEST);
  await eventually('the chart is installed', async () => {
    try {
      await installChart(admin, NAMESPACE, sets);
      return true;
    } catch (error) {
      // The kinds of the CRDs are not served at once.
      if (isMedicError(error, 'absent')) return false;
      throw error;
    }
  });
  const tokenOf = (account: string, node?: string): Promise<string> => projectedToken(admin, account, node);

  async function tokenOfPerson(name: string, ...roles: readonly string[]): Promise<string> {
    await admin.create(ACCOUNTS, { metadata: { name, namespace: NAMESPACE } }, TEST);
    for (const role of roles) await admin.create(BINDINGS, bindingOf(name, role), TEST);
    return await tokenOf(name);
  }

  return {
    plane,
    admin,
    nodeUIDs,
    connect,
    tokenOf,
    person: async (name, ...roles) => ({ user: userOf(name), cluster: connect(await tokenOfPerson(name, ...roles)) }),
    tokenOfPerson,
    stop: () => plane.stop(),
  };
}

export function userOf(account: string): string {
  return `system:serviceaccount:${NAMESPACE}:${account}`;
}

const ACCOUNTS = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
const BINDINGS = rawResource('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false);

function bindingOf(account: string, role: string): Manifest {
  return {
    metadata: { name: `${account}-${role}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
  };
}

async function projectedToken(admin: Cluster, account: string, node: string | undefined): Promise<string> {
  const pod = node === undefined ? undefined : await podOn(admin, account, node);
  // The path of the subresource is in the core group, its body in another one.
  const requests = {
    apiVersion: 'v1',
    kind: 'TokenRequest',
    plural: `serviceaccounts/${account}/token`,
    namespaced: true,
    parse: (raw: unknown) => TokenRequest.parse(raw),
  };
  const bound = pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } };
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { namespace: NAMESPACE },
    spec: { audiences: [], ...bound },
  };
  return (await admin.create(requests, body, TEST)).status.token;
}

async function podOn(
  admin: Cluster,
  account: string,
  node: string,
): Promise<{ readonly name: string; readonly uid: string }> {
  const metadata = { name: `${account}-${node}`, namespace: NAMESPACE };
  const spec = {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    nodeName: node,
    // No kubelet ends it.
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'none' }],
  };
  const pod = await admin.create(PODS, { metadata, spec }, TEST);
  return { name: metadata.name, uid: pod.metadata.uid };
}
