/**
 * What people and programs write about the words of a log: denials, questions, manuals, rules, tests, source, diffs. None of it
 * is what a node says. Each text is put together at random from words that do name a cause where a node says them.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTalk } from '../../../src/core/diagnosis/clues/talk.ts';
import { quotedParts } from '../../../src/core/diagnosis/clues/quoted-parts.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { cases } from '../../support/sizes.ts';

function verdictOf(text: string): ReturnType<typeof diagnose> {
  return diagnose({
    dumps: [],
    logs: [{ name: 'x.log', text }],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

/** Of each kind of sign, as a node writes it. */
const MESSAGES = [
  'PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s',
  'ListContainers from runtime service failed: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  'Cannot connect to the Docker daemon at unix:///var/run/docker.sock',
  'MountVolume.SetUp failed for volume pvc-1: rpc error: code = DeadlineExceeded desc = timed out',
  'nfs: server 10.0.0.7 not responding, still trying',
  'task containerd:812 blocked for more than 120 seconds.',
  'EXT4-fs (sda1): Remounting filesystem read-only',
  'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (16791221 vs. 16777216) of ListContainers',
  'failed to setup network for sandbox 8f: plugin type=calico failed (add): timed out',
  'Timed out while waiting for StopUnit(a.scope) completion signal from dbus',
  'fatal error: concurrent map writes in too many open files, too many open files',
  'docker ps hangs',
];
const message = fc.constantFrom(...MESSAGES);

/** Not what a node says. */
const ABOUT: readonly ((message: string) => string)[] = [
  (m) => `Is "${m}" harmless?`,
  (m) => `Why does the log have ${m}?`,
  (m) => `is ${m} ?`,
  (m) => `If you see \`${m}\` in the log of the kubelet, restart the runtime.`,
  (m) => `When the kubelet logs "${m}", drain the node.`,
  (m) => `3. Check the log for: ${m}`,
  (m) => `Users may see ${m}, which means that the runtime is slow.`,
  (m) => `  summary: "${m} on {{ $labels.node }}"`,
  (m) => `        description: ${m}`,
  (m) => `- alert: ${m}`,
  (m) => `    want: "${m}",`,
  (m) => `\t\texpected: \`${m}\`,`,
  (m) => `  expect(text).toContain('${m}');`,
  (m) => `    return fmt.Errorf("${m}: %w", err)`,
  (m) => `const message = '${m}';`,
  (m) => `  // ${m}`,
  (m) => `- Fix ${m} after a restart (#12345, @somebody)`,
  (m) => `* Fixed: ${m}`,
  (m) => `pattern: ${m}`,
  (m) => `klog.ErrorS(err, "${m}")`,
  (m) => `  says: kernel('${m}'),`,
  (m) => `    '${m}',`,
  (m) => `  return { message: '${m}', since };`,
  (m) => `  /(?:a|b)${m}/g,`,
  (m) => `| \`E_X\` | ${m} | 3 |`,
  (m) =>
    `package pleg\n\nimport "fmt"\n\n// Says that ${m}\nfunc say() {\n\treturn\n}\n\nvar x = map[string]string{\n\t"a": "${m}",\n}\n`,
  (m) =>
    `def test_a():\n    # ${m}\n    x = say(\n        a,\n        "b",\n        ${m},\n    )\n    return x;\n\n\ndef test_b():\n    return x;\n\n\ndef test_c():\n    return x;\n`,
  (m) => `for example, ${m}`,
  (m) => `## Example\nThe log looks like this:\n\n    ${m}\n`,
  (m) => `You should see:\n\`\`\`\n${m}\n\`\`\`\n`,
  (m) => `<!-- Please paste the log here, e.g.\n${m}\n-->\n`,
  (m) =>
    `diff --git a/pleg.go b/pleg.go\n--- a/pleg.go\n+++ b/pleg.go\n@@ -1,3 +1,3 @@\n func a() {\n-\tx\n+\t${m}\n }\n`,
];

const DENIALS = [
  'runc hangs were fixed in 1.0.0',
  'Kubernetes 1.18: kubelet: fixed a deadlock where docker ps hangs',
  '# HELP pleg_relist_seconds timeouts of the container runtime',
  'no PLEG errors found',
  'No hung tasks were found, docker ps works',
  '0 timeouts of the container runtime',
  'docker ps did not hang',
  'the container runtime never hangs',
  'containerd is not stuck',
  'crictl ps does not time out',
  'docker info no longer hangs',
  'the mount was not stuck',
  'docker ps stopped hanging',
  'health check passed without errors: no timeouts of containerd',
];

describe('what is written about the words of a log', () => {
  test('is no sign of a fault', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ABOUT), message, fc.constantFrom('', '> ', '  '), (put, said, before) => {
        const text = before + put(said);
        expect([text, verdictOf(text).class]).toEqual([text, 'Unknown']);
      }),
      { numRuns: cases(800), seed: 31 },
    );
  });

  test.each(DENIALS)('nor is a denial: %s', (line) => {
    for (const text of [line, `2026/11/24 10:00:00 ${line}`, `level=info msg="${line}"`, `[INFO] ${line}`]) {
      expect([text, verdictOf(text).class]).toEqual([text, 'Unknown']);
    }
  });

  test('while the same words of a node are, whatever else it says', () => {
    fc.assert(
      fc.property(message, fc.constantFrom('kubelet[95]', 'containerd[8]', 'kernel', 'dockerd[7]'), (said, who) => {
        for (const more of ['', ' if this goes on?', ' (#12345)', ' for example a']) {
          const line = `Nov 24 10:00:00 node-1 ${who}: ${said}${more}`;
          expect([line, isTalk(line)]).toEqual([line, false]);
        }
      }),
      { numRuns: cases(200), seed: 32 },
    );
  });

  test.each([
    ['docker ps hangs on two of our nodes', 'RuntimeHung'],
    ['When I run docker ps it hangs', 'RuntimeHung'],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'RuntimeHung',
    ],
    [
      'We see "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded"',
      'Cni',
    ],
    [MESSAGES[4] ?? '', 'Storage'],
  ])('and those of somebody who reports are: %s', (line, right) => {
    expect(verdictOf(line).class).toBe(right);
  });

  test('a log goes on behind a diff, and behind an example', () => {
    const line = `Nov 24 10:00:00 node-1 kernel: ${MESSAGES[4] ?? ''}`;
    const diff = '@@ -1 +1 @@\n-a\n+b\n\nThis is what happened\n\n';
    expect(verdictOf(`${diff}${line}\n`).class).toBe('Storage');
    expect(verdictOf(`It looks like this:\n\n    a\n\nThis is ours\n${line}\n`).class).toBe('Storage');
    expect(verdictOf(`<!-- a comment that is not closed\n${line}\n`).class).toBe('Storage');
  });
});

test('the time is bounded for hostile lines and texts', () => {
  const hostile = [
    'no ',
    'is not ',
    '%',
    '(#1',
    '{{',
    'if ',
    '"',
    'for example:\n',
    '<!--',
    '```\n',
    '@@ -1\n',
    '- ',
    'log.',
  ];
  const time = cpuMs(() => {
    for (const one of hostile) {
      isTalk(one.repeat(100_000));
      quotedParts(one.repeat(Math.floor(262_000 / one.length)));
    }
  });
  expect(time).toBeLessThan(1_500);
});
