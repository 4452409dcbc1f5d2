/** When which kubelet wrote a log, by klog's header: one node has one kubelet at a time. */

/** One process, from its first line to its last. Times are klog's `MMDD hh:mm:ss.uuuuuu`, of one year and zone. */
export interface KubeletRun {
  readonly pid: string;
  readonly first: string;
  readonly last: string;
}

/** Files that only the kubelet has. */
const LINE =
  /(?:^|[ :\t])[IWEF](\d{4} \d\d:\d\d:\d\d\.\d{6}) +(\d{1,10}) (?:kubelet|kubelet_\w+|pod_workers|generic|reconciler(?:_common)?|kuberuntime_\w+|setters|pod_startup_latency_tracker|eviction_manager|status_manager|prober|log|reflector|nodeinfomanager|controller)\.go:\d/gm;
const KUBELET_ONLY = /\b(?:kubelet|kubelet_\w+|pod_workers|kuberuntime_\w+|eviction_manager)\.go:\d/;
const MAX_RUNS = 64;

/** Empty: it is no log of a kubelet. */
export function kubeletRuns(text: string): readonly KubeletRun[] {
  if (!KUBELET_ONLY.test(text)) return [];
  const runs = new Map<string, { first: string; last: string }>();
  for (const [, time = '', pid = ''] of text.matchAll(LINE)) {
    const run = runs.get(pid);
    if (run !== undefined) {
      if (time < run.first) run.first = time;
      if (time > run.last) run.last = time;
    } else if (runs.size < MAX_RUNS) runs.set(pid, { first: time, last: time });
  }
  return [...runs].map(([pid, { first, last }]) => ({ pid, first, last }));
}

/** A kubelet that ends may still write while the next one starts: they are two at once only where both go on for longer. */
export function runAtOnce(a: readonly KubeletRun[], b: readonly KubeletRun[]): boolean {
  return a.some((one) => b.some((other) => one.pid !== other.pid && overlaps(one, other)));
}

/** To the minute: what is in one minute of both is no overlap. */
function overlaps(a: KubeletRun, b: KubeletRun): boolean {
  const from = a.first > b.first ? a.first : b.first;
  const to = a.last < b.last ? a.last : b.last;
  return from.slice(0, 10) < to.slice(0, 10);
}
