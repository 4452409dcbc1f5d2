import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';

function verdictOf(text: string, kubeletVersion?: string): Diagnosis {
  const dumps = [{ name: 'dump.txt', text }];
  return diagnose({ dumps, logs: [], probe: 'Timeout', host: undefined, kubeletVersion, runtimeVersion: undefined });
}

interface Shape {
  readonly id: number;
  readonly vendor: string;
  readonly relist: string;
  readonly path: string;
  readonly inner: string;
}

const SHAPE: Shape = { id: 12, vendor: '', relist: 'relist', path: 'k8s.io/kubernetes@v1.24.1', inner: '' };

function dump(change: Partial<Shape>): string {
  const { id, vendor, relist, path, inner } = { ...SHAPE, ...change };
  return [
    `goroutine ${id} [select, 3 minutes]:`,
    ...(inner === '' ? [] : [`${inner}(0xc000${id})`, '\tx/y.go:1 +0x1']),
    `${vendor}google.golang.org/grpc.(*ClientConn).Invoke(0xc000${id}, {0x1, 0x2})`,
    '\tgoogle.golang.org/grpc@v1.65.0/call.go:37 +0x232',
    `${vendor}k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox(0xc000${id})`,
    '\tk8s.io/cri-api/api.pb.go:331 +0x167',
    `k8s.io/kubernetes/pkg/kubelet/kuberuntime.(*kubeGenericRuntimeManager).GetPods(0xc000${id})`,
    `\t${path}/pkg/kubelet/kuberuntime/kuberuntime_manager.go:458 +0x8d`,
    `k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).${relist}(0xc000${id})`,
    `\t${path}/pkg/kubelet/pleg/generic.go:310 +0x23b`,
    '',
  ].join('\n');
}

describe('the fingerprint', () => {
  test.each<[string, Partial<Shape>]>([
    ['ids and addresses', { id: 4711 }],
    ['vendoring', { vendor: 'k8s.io/kubernetes/vendor/' }],
    ['the case of relist', { relist: 'Relist' }],
    ['paths', { path: '/go/src/k8s.io/kubernetes/_output/dockerized/go/src/k8s.io/kubernetes' }],
    ['what Go or gRPC put at the leaf', { inner: 'google.golang.org/grpc/internal/transport.(*Stream).waitOnHeader' }],
    ['the runtime at the leaf', { inner: 'runtime.gopark' }],
  ])('is the same for other %s', (_, change) => {
    expect(verdictOf(dump(change)).fingerprint).toBe(verdictOf(dump({})).fingerprint);
  });

  test('is the same whichever list of the runtime hangs', () => {
    const other = dump({}).replace('ListPodSandbox', 'ListContainers');
    expect(verdictOf(other).fingerprint).toBe(verdictOf(dump({})).fingerprint);
  });

  test('differs for what the kubelet wanted of the runtime', () => {
    const other = dump({}).replace('ListPodSandbox', 'ListContainers').replace('GetPods', 'GetPodStatus');
    expect(verdictOf(other).fingerprint).not.toBe(verdictOf(dump({})).fingerprint);
  });
});

describe('the link to the source', () => {
  test.each<[string, Partial<Shape>, string | undefined, string | undefined]>([
    ['the version of the path', {}, undefined, 'v1.24.1'],
    ['the version of the node', { path: '/go/src/k8s.io/kubernetes' }, 'v1.27.4+k3s1', 'v1.27.4'],
    [
      'the version of a vendor',
      { path: '/w/_output/dockerized/go/src/k8s.io/kubernetes' },
      'v1.21.5-gke.1302',
      'v1.21.5',
    ],
    ['no version', { path: '/go/src/k8s.io/kubernetes' }, undefined, undefined],
  ])('uses %s', (_, change, version, tag) => {
    const link = `https://github.com/kubernetes/kubernetes/blob/${String(tag)}/pkg/kubelet/pleg/generic.go#L310`;
    expect(verdictOf(dump(change), version).sourceLink).toBe(tag === undefined ? undefined : link);
  });
});

describe('the blocked stack', () => {
  test('is whole lines of at most 4 KiB, leaf first', () => {
    const deep = Array.from(
      { length: 100 },
      (_, at) => `k8s.io/kubernetes/pkg/kubelet.f${at}(0x1)\n\t/go/x.go:${at + 1} +0x1\n`,
    );
    const [header = '', ...rest] = dump({}).split('\n');
    const stack = verdictOf([header, deep.join('') + rest.join('\n')].join('\n')).blockedStack ?? '';
    expect(Buffer.byteLength(stack)).toBeLessThanOrEqual(4_096);
    expect(stack.split('\n')[0]).toBe('k8s.io/kubernetes/pkg/kubelet.f0  /go/x.go:1');
    expect(stack.split('\n').every((line) => /^\S+ {2}\S+:\d+$/.test(line))).toBe(true);
  });
});
