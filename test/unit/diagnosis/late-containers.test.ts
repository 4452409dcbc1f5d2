import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { redact } from '../../../src/core/redaction/redact.ts';
import { createLateReader } from '../../../src/core/diagnosis/clues/late-containers.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

/** In pieces, as it is unpacked. */
function lateContainersIn(text: string, piece = 65_536): ReadonlyMap<string, number> {
  const reader = createLateReader();
  for (let at = 0; at < text.length; at += piece) reader.push(text.slice(at, at + piece));
  return reader.end();
}

describe('containers for which calls took too long', () => {
  test.each([
    `time="2026-11-24T13:24:44Z" level=error msg="get state for ${A}" error="context deadline exceeded: unknown"`,
    `E1124 13:26:42.770426 1 remote_runtime.go:222] "StopPodSandbox from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" podSandboxID="${A}"`,
    `StopContainer for \\"${A}\\" failed error="an error occurs during waiting for container \\"${A}\\" to be killed"`,
    `ContainerStatus "${A}" from runtime service failed: operation timeout`,
  ])('are named once by the line %s', (line) => {
    for (const piece of [1, 7, 100, 65_536]) {
      expect([...lateContainersIn(`one\n${redact(line).text}\nlast`, piece)]).toEqual([[A, 1]]);
    }
  });

  test.each([
    `StopContainer for "${A}" with timeout 2 (s)`,
    'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    `${A}\ncontext deadline exceeded\n${B}`,
    `context deadline exceeded for ${A}0`,
  ])('are not named by %j', (text) => {
    expect(lateContainersIn(text).size).toBe(0);
  });

  test('are counted by lines', () => {
    const text = [`${A} deadline exceeded, deadline exceeded`, `${B} DeadlineExceeded`, `${A} DeadlineExceeded`];
    expect([...lateContainersIn(text.join('\n'))]).toEqual([
      [B, 1],
      [A, 2],
    ]);
  });

  test('are those that were named last where there are too many', () => {
    const id = (n: number): string => n.toString(16).padStart(64, '0');
    const text = Array.from({ length: 5_000 }, (_, n) => `${id(n)} deadline exceeded\n`).join('');
    const found = lateContainersIn(text);
    expect(found.size).toBe(1_024);
    expect(found.has(id(4_999))).toBe(true);
  });

  test('take a time that grows with the text only, also where it is one line', () => {
    const text = `${'deadline exceeded '.repeat(400_000)}\n${A} deadline exceeded`;
    expect([...lateContainersIn(text)]).toEqual([[A, 1]]);
  });

  test('are those of a real node whose shim was stopped', () => {
    const path = new URL('../../fixtures/kubelet/1.34.4-shim-stopped/containerd.log.gz', import.meta.url);
    const text = gunzipSync(readFileSync(path)).toString('latin1');
    expect([...lateContainersIn(text)]).toEqual([
      ['ce6d93b5e9ac19bceb4c358e42e50c80d3ac27d2476bec9a675317640ad0004c', 1],
    ]);
  });
});
