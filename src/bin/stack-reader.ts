/** Composition root of the process that reads the stacks of another one: `stack-reader MODE PROC_ROOT PID START_TICKS SOFT_LIMIT_MS DURATION_MS`. */
import { writeFileSync } from 'node:fs';
import { answer } from '../host/stacks/stack-child.ts';

const [mode, procRoot = '/proc', pid, startTicks = '', softLimitMs = '', durationMs = '0'] = process.argv.slice(2);
try {
  // Where memory runs out in the agent's container, this one goes first.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Another PID namespace, or a read-only /proc: then it does not.
}
answer(
  {
    mode: mode === 'threads' || mode === 'samples' ? mode : 'goroutines',
    procRoot,
    pid: Number(pid),
    startTicks: startTicks === '' ? undefined : Number(startTicks),
    softLimitMs: softLimitMs === '' ? Infinity : Number(softLimitMs),
    durationMs: Number(durationMs),
  },
  () => performance.now(),
);
