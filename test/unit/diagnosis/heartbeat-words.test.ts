import { describe, expect, test } from '@jest/globals';
import type { LogClue } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { HostSummary } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { heartbeatFault, heartbeatWords } from '../../../src/core/diagnosis/clues/heartbeat-words.ts';
import { logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';

const HEAD = 'E1128 22:10:09.123456     812';
const URL = String.raw`\"https://10.0.0.1:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n?timeout=10s\"`;
const lease = (error: string): string =>
  `${HEAD} controller.go:195] "Failed to update lease" err="Put ${URL}: ${error}"`;

describe('a kubelet that cannot report', () => {
  test.each([
    [lease('context deadline exceeded'), 'dead'],
    [lease('net/http: request canceled (Client.Timeout exceeded while awaiting headers)'), 'dead'],
    [lease('write tcp 10.0.0.2:1->10.0.0.1:6443: use of closed network connection'), 'dead'],
    [lease('http2: client connection lost'), 'dead'],
    [lease('read tcp 10.0.0.2:1->10.0.0.1:6443: i/o timeout'), 'dead'],
    [lease('dial tcp 10.0.0.1:6443: i/o timeout'), 'unreachable'],
    [lease('dial tcp 10.0.0.1:6443: connect: connection refused'), 'unreachable'],
    [lease('dial tcp: lookup api on 10.0.0.53:53: no such host'), 'unreachable'],
    [lease('net/http: TLS handshake timeout'), 'unreachable'],
    [
      lease('net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)'),
      'unreachable',
    ],
    [lease('EOF'), 'unreachable'],
    [lease('tls: failed to verify certificate: x509: certificate signed by unknown authority'), 'refused'],
    [
      `${HEAD} controller.go:195] "Failed to ensure lease exists, will retry" err="Unauthorized" interval="7s"`,
      'refused',
    ],
    [
      `${HEAD} kubelet_node_status.go:540] "Error updating node status, will retry" err="error getting node \\"n\\": Get ${URL}: context deadline exceeded"`,
      'dead',
    ],
    [
      `${HEAD} kubelet_node_status.go:540] "Error updating node status, will retry" err="error getting node \\"n\\": admission webhook \\"a.b\\" denied the request"`,
      'refused',
    ],
    [
      `${HEAD} kubelet_node_status.go:380] Error updating node status, will retry: error getting node "n": Get https://10.0.0.1:6443/api/v1/nodes/n?timeout=10s: context deadline exceeded`,
      'dead',
    ],
    [
      `${HEAD} controller.go:135] failed to ensure node lease exists, will retry in 7s, error: Get https://10.0.0.1:6443/x: dial tcp 10.0.0.1:6443: connect: no route to host`,
      'unreachable',
    ],
    [
      '{"ts":1764367809123.4,"caller":"lease/controller.go:195","msg":"Failed to update lease","err":"Put \\"https://10.0.0.1:6443/x\\": context deadline exceeded"}',
      'dead',
    ],
    [
      `${HEAD} controller.go:171] "failed to update lease using latest lease, fallback to ensure lease" err="failed 5 attempts to update lease"`,
      undefined,
    ],
    [lease('a new kind of trouble'), undefined],
    [
      // As a real kubelet of 1.36 wrote it, with some KiB of patch.
      `${HEAD} kubelet_node_status.go:479] "Error updating node status, will retry" err="failed to patch status \\"{\\\\\\"status\\\\\\":{${'x'.repeat(4_000)}}}\\" for node \\"node-17\\": Patch \\"https://10.0.0.1:6443/api/v1/nodes/n/status?timeout=10s\\": context deadline exceeded"`,
      undefined,
    ],
    [
      `${HEAD} kubelet_node_status.go:531] "Unable to update node status" err="update node status exceeds retry count"`,
      undefined,
    ],
    [
      `${HEAD} reflector.go:205] "Failed to watch" err="failed to list *v1.Node: Get ${URL}: context deadline exceeded"`,
      undefined,
    ],
    [`${HEAD} kubelet.go:1] "x" command="controller.go:195] \\"Failed to update lease\\" err=Unauthorized"`, undefined],
  ])('says why: %s', (line, fault) => {
    expect(heartbeatFault(line)).toBe(fault);
    // The agent picks the line out of the log, and it still says the same.
    const clues = logCluesOf({ name: 'kubelet.log', text: `${HEAD} a.go:1] x\n${line}\n` });
    expect(clues.map((clue) => heartbeatFault(clue.line)).filter((one) => one !== undefined)).toEqual(
      fault === undefined ? [] : [fault],
    );
  });

  const clue = (error: string, lastBeforeEnd?: string): LogClue => ({
    source: 'kubelet.log',
    lineNumber: 1,
    count: 1,
    line: lease(error),
    ...(lastBeforeEnd === undefined ? {} : { lastBeforeEnd }),
  });
  const of = (...logClues: LogClue[]): string | undefined =>
    heartbeatWords(HostSummary.parse({ at: '2026-11-28T22:10:00Z', logClues }))?.fault;

  test('is believed of the last minute alone', () => {
    expect(of(clue('context deadline exceeded', '60s'))).toBe('dead');
    expect(of(clue('context deadline exceeded', '61s'))).toBeUndefined();
    expect(of(clue('context deadline exceeded'))).toBeUndefined();
    expect(of(clue('Unauthorized', '10m'), clue('context deadline exceeded', '3s'))).toBe('dead');
  });

  test('is not restarted where anything that was said lately is against it', () => {
    expect(of(clue('Unauthorized', '30s'), clue('context deadline exceeded', '3s'))).toBe('refused');
    expect(of(clue('context deadline exceeded', '3s'), clue('dial tcp 10.0.0.1:6443: i/o timeout', '30s'))).toBe(
      'unreachable',
    );
  });
});
