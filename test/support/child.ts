/** Child processes of a test: started by us, logged to a file, ended by their process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  isAlive(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 10 s. */
  stop(): Promise<void>;
}

export function startChild(command: string, argv: readonly string[], logFile: string): Child {
  const log = openSync(logFile, 'a');
  const child = spawn(command, argv, { stdio: ['ignore', log, log] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command}`);
  return {
    pid,
    output: () => readFileSync(logFile, 'utf8'),
    isAlive: () => isAlive(child),
    signal: (name) => void child.kill(name),
    stop: () => stop(child),
  };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  // A stopped process acts on SIGTERM only when it goes on.
  child.kill('SIGCONT');
  const ended = new AbortController();
  await Promise.race([exited, sleep(10_000, undefined, { signal: ended.signal }).catch(() => undefined)]);
  ended.abort();
  if (!isAlive(child)) return;
  child.kill('SIGKILL');
  await exited;
}
