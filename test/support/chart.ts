/** The chart's objects, rendered by a real helm. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../src/ports/cluster.ts';
import { parseManifests, rawResource, type YamlObject } from './raw-resource.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** @param sets values, as `--set` takes them. */
export function renderChart(namespace: string, sets: readonly string[] = []): readonly YamlObject[] {
  const helm = execFileSync(path('test/lab/helm.sh'), { encoding: 'utf8' }).trim();
  const values = sets.flatMap((set) => ['--set', set]);
  const argv = ['template', 'kubelet-medic', path('charts/kubelet-medic'), '--namespace', namespace, ...values];
  return parseManifests(execFileSync(helm, argv, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }));
}

/** Plural and whether it is namespaced, of the kinds that the chart uses. */
const PLURALS: Readonly<Record<string, readonly [plural: string, namespaced: boolean]>> = {
  ClusterRole: ['clusterroles', false],
  ClusterRoleBinding: ['clusterrolebindings', false],
  ConfigMap: ['configmaps', true],
  DaemonSet: ['daemonsets', true],
  Deployment: ['deployments', true],
  Job: ['jobs', true],
  KubeletRecoveryPolicy: ['kubeletrecoverypolicies', false],
  NetworkPolicy: ['networkpolicies', true],
  PodDisruptionBudget: ['poddisruptionbudgets', true],
  Role: ['roles', true],
  RoleBinding: ['rolebindings', true],
  Service: ['services', true],
  ServiceAccount: ['serviceaccounts', true],
  ValidatingAdmissionPolicy: ['validatingadmissionpolicies', false],
  ValidatingAdmissionPolicyBinding: ['validatingadmissionpolicybindings', false],
};

/** Installs what the chart renders, except its CRDs. */
export async function installChart(cluster: Cluster, namespace: string, sets: readonly string[] = []): Promise<void> {
  const namespaces = rawResource('v1', 'Namespace', 'namespaces', false);
  await cluster.apply(namespaces, { metadata: { name: namespace } }, { manager: 'test' });
  for (const object of renderChart(namespace, sets)) {
    const [plural, namespaced] = PLURALS[object.kind] ?? [];
    if (plural === undefined || namespaced === undefined) throw new Error(`test/support/chart.ts: ${object.kind}?`);
    const resource = rawResource(object.apiVersion, object.kind, plural, namespaced);
    const metadata = namespaced ? { namespace, ...object.metadata } : object.metadata;
    await cluster.apply(resource, { ...object, metadata }, { manager: 'test', force: true });
  }
}
