/**
 * What a kubelet or a runtime says last before it ends, and what systemd says of its end.
 *
 * Sources of the words: cmd/kubelet/app/server.go and k8s.io/component-base/cli/run.go (`command failed`), klog's fatal records,
 * Go's runtime, containerd's and dockerd's main.go, logrus; of systemd core/service.c, core/unit.c and core/job.c.
 */
import type { HostSummary, LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { ownWords } from './own-words.ts';

const OWN =
  /"command failed" err=|"msg":"command failed"|failed to run kubelet|failed to load kubelet config|\bF\d{4} \d\d:\d\d:\d\d\.\d|\bpanic: |\bfatal error: |level=fatal|failed to start daemon: |: containerd: [^\n]|"Failed to run kubelet"/gi;
const OF_SYSTEMD =
  /Main process exited, code=\w{1,16}, status=\w{1,16}|: Failed (?:with result|to (?:execute|locate|load|run|set up))/g;

/** Each is kept as a clue. */
export const LAST_WORDS: readonly { readonly pattern: RegExp }[] = [{ pattern: OWN }, { pattern: OF_SYSTEMD }];

/** What it said within this time before systemd saw it end is of that end, in milliseconds. */
const SAME_END_MS = 60_000;

function beforeEndMs({ lastBeforeEnd }: LogClue): number {
  return lastBeforeEnd === undefined ? 0 : durationMs(lastBeforeEnd);
}

/** The newest of them. */
function newest(clues: readonly LogClue[], pattern: RegExp): LogClue | undefined {
  return clues
    .filter(({ line }) => ownWords(line).search(pattern) >= 0)
    .sort((a, b) => beforeEndMs(b) - beforeEndMs(a) || a.lineNumber - b.lineNumber)
    .at(-1);
}

/** @param log the name of the program's log. undefined: nothing is known of its end. */
export function lastWords(host: HostSummary | undefined, log: string): string | undefined {
  const clues = (host?.logClues ?? []).filter(({ source }) => source === log);
  const [own, end] = [newest(clues, OWN), newest(clues, OF_SYSTEMD)];
  if (own === undefined || end === undefined) return (own ?? end)?.line;
  return Math.abs(beforeEndMs(own) - beforeEndMs(end)) <= SAME_END_MS ? own.line : end.line;
}
