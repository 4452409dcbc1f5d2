import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { redact } from '../../../src/core/redaction/redact.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

function fixtures(name: RegExp): readonly string[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .map((file) => {
      const bytes = readFileSync(new URL(file, FIXTURES));
      return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    });
}

/** Of 1. */
function shareOfChangedWords(texts: readonly string[]): number {
  const words = texts.flatMap((text) => text.split(/\s+/));
  const after = texts.flatMap((text) => redact(text).text.split(/\s+/));
  const left = new Map<string, number>();
  for (const word of after) left.set(word, (left.get(word) ?? 0) + 1);
  const changed = words.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count <= 0;
  });
  return changed.length / words.length;
}

describe('of ordinary texts of a node', () => {
  test.each([
    ['logs of kubelets', /kubelet\.log(?:\.gz)?$/],
    ['logs in journald, as text and as JSON', /journal[\w.-]*(?:log|json)(?:\.gz)?$/],
    ['logs of containerd', /containerd\.log(?:\.gz)?$/],
  ])('%s keep 99.9 %% of their words', (_what, name) => {
    const texts = fixtures(name);
    expect(texts.length).toBeGreaterThan(0);
    expect(shareOfChangedWords(texts)).toBeLessThan(0.001);
  });

  test('goroutine dumps keep every word', () => {
    const texts = fixtures(/goroutines?[\w-]*\.txt(?:\.gz)?$/);
    expect(texts.length).toBeGreaterThan(50);
    for (const text of texts) expect(redact(text).count).toBe(0);
  });

  // What a diagnosis needs.
  test.each([
    'pod="kube-system/coredns-5d78c9869d-x7k2p" podUID="b5f0a7de-1c2d-4e3f-8a9b-0c1d2e3f4a5b" containerName="coredns"',
    'containerID="containerd://3f1c0a9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1"',
    'RemovePodSandbox "9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1a09f8e" returns successfully',
    'image="registry.k8s.io/pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097"',
    'image="registry.example:5000/team/app:v1.2.3@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097"',
    'docker://registry.example:5000/a@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097',
    'volume "kube-api-access-7zq9d" (UniqueName: "kubernetes.io/projected/b5f0a7de-1c2d-4e3f-8a9b-0c1d2e3f4a5b-kube-api-access-7zq9d")',
    'pvc-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 on /var/lib/kubelet/plugins/kubernetes.io/csi/ebs.csi.aws.com/7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097/globalmount',
    'traceID=4bf92f3577b34da6a3ce929d0e0e4736 spanID=00f067aa0ba902b7',
    'vol-0a1b2c3d4e5f60718 i-0123456789abcdef0 ip-10-0-1-2.eu-central-1.compute.internal',
    'kubepods-burstable-podb5f0a7de_1c2d_4e3f_8a9b_0c1d2e3f4a5b.slice:cri-containerd:3f1c0a9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1',
    'MountVolume.SetUp failed for volume "default-token-x7k2p" : secret "default-token-x7k2p" not found',
    'Failed to get secret "kube-system/bootstrap-token-abcdef": secrets "bootstrap-token-abcdef" is forbidden',
    'couldn\'t sync secret cache: timed out waiting for the condition key="kube-system/db-credentials"',
    'I1124 13:26:42.770426    1234 kubelet.go:2345] "SyncLoop (PLEG): event for pod" pod="default/web-0" event={"ID":"b5f0a7de-1c2d-4e3f-8a9b-0c1d2e3f4a5b","Type":"ContainerStarted","Data":"3f1c0a9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1"}',
    '"Kubelet version" kubeletVersion="v1.36.3" "Golang settings" GOGC="" GOMAXPROCS=""',
    'Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": context deadline exceeded',
    'Post "https://hooks.example.svc:443/validate-cert-manager-io-v1-certificate?timeout=10s": dial tcp 10.96.0.1:443: i/o timeout',
    'Get "https://10.96.0.1:443/api/v1/nodes?fieldSelector=metadata.name%3Dnode-1&limit=500&resourceVersion=0"',
    'authorization: mode: Webhook',
    'transport: Error while dialing: dial unix:///run/containerd/containerd.sock: connect: connection refused',
    'level=info msg="loading plugin \\"io.containerd.grpc.v1.cri\\"..." type=io.containerd.grpc.v1',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    '[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-28-amd64 root=UUID=0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 ro quiet',
    '[    0.004000] BIOS-e820: [mem 0x0000000000100000-0x00000000bffdbfff] usable',
    '[    1.234567] ACPI: DSDT 0x00000000BFFE2340 0022F6 (v01 BOCHS  BXPC     00000001 BXPC 00000001)',
    '[    1.234567] usb 1-1: New USB device found, idVendor=0627, idProduct=0001, bcdDevice= 0.00',
    '[ 1234.567890] INFO: task containerd-shim:4711 blocked for more than 120 seconds.',
    '[ 1234.567890] Code: 48 89 e5 41 57 41 56 41 55 41 54 53 48 83 ec 18 48 8b 47 28',
    '[ 1234.567890] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-3f1c0a9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1.scope,mems_allowed=0',
    '[ 1234.567890] audit: type=1400 audit(1700000000.123:45): apparmor="STATUS" operation="profile_load" name="cri-containerd.apparmor.d" pid=123',
    '[ 1234.567890] EXT4-fs (nvme0n1p1): mounted filesystem 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 with ordered data mode',
    'overlay /run/containerd/io.containerd.runtime.v2.task/k8s.io/3f1c0a9be8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1/rootfs overlay rw,lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs,workdir=/x/work 0 0',
    'InvocationID=7fe5180b51aa427faf4ec44befaa15af',
    'PassEnvironment=HOME PATH\nEnvironmentFiles=/etc/default/kubelet (ignore_errors=yes)',
  ])('stays: %s', (line) => {
    expect(redact(line)).toEqual({ text: line, count: 0 });
  });
});
