import { describe, expect, test } from '@jest/globals';
import { HostSummary } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { lastWords } from '../../../src/core/diagnosis/clues/last-words.ts';
import { logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';

/** What is made of a log: the agent picks lines out of it, and one of them is told. */
function told(lines: readonly string[], source = 'kubelet.log'): string | undefined {
  const logClues = logCluesOf({ name: source, text: `${lines.join('\n')}\n` });
  return lastWords(HostSummary.parse({ at: '2026-11-28T22:10:00Z', logClues }), 'kubelet.log');
}
const at = (time: string, text: string): string => `2026-11-28T${time}.000000+0000 node-1 ${text}`;
const EXIT = 'systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE';
const ORDINARY = 'kubelet[95]: I1128 22:00:00.000001      95 kubelet.go:2600] "Starting kubelet main sync loop"';

describe('what a program says last', () => {
  test.each([
    [
      'kubelet[95]: E1128 22:00:09.000001      95 run.go:72] "command failed" err="failed to load kubelet config file, path: /x, error: yaml: line 3"',
    ],
    [
      'kubelet[95]: {"ts":1764367809123.4,"logger":"","caller":"cli/run.go:72","msg":"command failed","err":"swap is on"}',
    ],
    [
      'kubelet[95]: F1128 22:00:09.000001      95 server.go:274] failed to run Kubelet: misconfiguration: kubelet cgroup driver: "systemd" is different',
    ],
    ['kubelet[95]: panic: runtime error: invalid memory address or nil pointer dereference'],
    ['kubelet[95]: fatal error: concurrent map writes'],
    ['crio[95]: time="2026-11-28T22:00:09Z" level=fatal msg="validating root config: no such file"'],
    ['containerd[95]: containerd: failed to load TOML: /etc/containerd/config.toml: (1, 1): parsing error'],
    ['dockerd[95]: failed to start daemon: error initializing graphdriver: overlay2 not supported'],
  ])('is told: %s', (line) => {
    const text = at('22:00:09', line);
    expect(told([at('22:00:01', ORDINARY), text, at('22:00:09', EXIT)])).toBe(text);
  });

  test('is what systemd says where the program itself said nothing', () => {
    expect(told([at('22:00:01', ORDINARY), at('22:00:09', EXIT)])).toBe(at('22:00:09', EXIT));
    const exec = at(
      '22:00:09',
      'systemd[1]: kubelet.service: Failed to execute /usr/bin/kubelet: No such file or directory',
    );
    expect(told([exec])).toBe(exec);
  });

  test('is of this end, and not of one before', () => {
    const panic = at('21:50:09', 'kubelet[95]: panic: of ten minutes ago');
    const killed = at('22:00:09', 'systemd[1]: kubelet.service: Main process exited, code=killed, status=9/KILL');
    expect(told([panic, at('21:50:09', EXIT), at('22:00:01', ORDINARY), killed])).toBe(killed);
  });

  test("is nobody else's: not of another log, nor what a user has chosen", () => {
    expect(told([at('22:00:09', 'kubelet[95]: panic: x')], 'runtime.log')).toBeUndefined();
    expect(
      told([at('22:00:09', 'kubelet[95]: E1128 22:00:00.000001      95 a.go:1] "x" command="panic: of a pod"')]),
    ).toBeUndefined();
    expect(told([at('22:00:09', ORDINARY)])).toBeUndefined();
    expect(lastWords(undefined, 'kubelet.log')).toBeUndefined();
  });
});
