import { describe, expect, test } from '@jest/globals';
import { Pod } from '../../../../src/api/kubernetes/pod.ts';
import { podsAtRisk } from '../../../../src/core/decision/drill/pods-at-risk.ts';

const owner = (kind: string, controller = true): object => ({
  apiVersion: 'apps/v1',
  kind,
  name: 'x',
  uid: 'u',
  controller,
});

function aPod(metadata: object = {}, spec: object = {}, phase = 'Running'): Pod {
  const owned = { name: 'web-1', namespace: 'shop', ownerReferences: [owner('ReplicaSet')] };
  return Pod.parse({ metadata: { ...owned, ...metadata }, spec, status: { phase } });
}

const withLimit = (name: string): object => ({ containers: [{ name: 'c', resources: { limits: { [name]: '1' } } }] });
const toleration = (seconds: number | undefined, key = 'node.kubernetes.io/not-ready'): object => ({
  tolerations: [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }],
});

describe('a pod is at risk', () => {
  test.each<readonly [string, Pod, string]>([
    ['that no controller would bring back', aPod({ ownerReferences: [] }), 'no controller'],
    ['whose owner is no controller', aPod({ ownerReferences: [owner('ConfigMap', false)] }), 'no controller'],
    ['that holds devices', aPod({}, withLimit('nvidia.com/gpu')), 'it holds devices (nvidia.com/gpu)'],
    ['that claims devices', aPod({}, { resourceClaims: [{ name: 'gpu' }] }), 'by a resource claim'],
    [
      'that is a device plugin, also of a DaemonSet',
      aPod(
        { ownerReferences: [owner('DaemonSet')] },
        { volumes: [{ name: 'd', hostPath: { path: '/var/lib/kubelet/device-plugins' } }] },
      ),
      'registers devices',
    ],
    [
      'that its owner wants to be left alone',
      aPod({ annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } }),
      'safe-to-evict=false',
    ],
    ['that leaves sooner than others', aPod({}, toleration(30)), 'after 30 s'],
    ['that leaves sooner, whatever the taint', aPod({}, toleration(0, '')), 'after 0 s'],
  ])('%s', (_what, pod, words) => {
    const message = podsAtRisk([aPod(), pod]);
    expect(message).toContain(words);
    expect(message).toContain('shop/web-1: ');
  });
});

describe('a pod is at no risk', () => {
  test.each<readonly [string, Pod]>([
    ['of a ReplicaSet', aPod()],
    ['of a file', aPod({ ownerReferences: [], annotations: { 'kubernetes.io/config.mirror': 'x' } })],
    ['that is over', aPod({ ownerReferences: [] }, {}, 'Succeeded')],
    ['with limits of Kubernetes itself', aPod({}, withLimit('cpu'))],
    ['that tolerates what all do', aPod({}, toleration(300))],
    ['that tolerates it for good', aPod({}, toleration(undefined))],
  ])('%s', (_what, pod) => {
    expect(podsAtRisk([pod])).toBeUndefined();
  });
});

test('three are named, and the others counted', () => {
  const pods = [1, 2, 3, 4, 5].map((n) => aPod({ name: `p${String(n)}`, ownerReferences: [] }));
  expect(podsAtRisk(pods)).toMatch(/p1.*p2.*p3.*; and 2 more\)$/);
});
