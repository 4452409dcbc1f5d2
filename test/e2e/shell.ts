/** Runs commands for the suite: argv arrays, a limit on each, their words in the error. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly input?: string;
}

const MAX_OUTPUT = 128 * 1024 * 1024;
const running = new Set<ChildProcess>();

/** Ends what runs now, so that nothing is built up while it is torn down. */
export function stopRunning(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Standard output. @throws with the command and the end of its standard error if it fails or takes too long. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        env: { ...process.env, ...options.env },
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT,
      },
      (error, stdout, stderr) => {
        running.delete(child);
        if (error === null) resolve(stdout);
        else
          reject(
            new Error(`${command} ${args.join(' ')}: ${stderr.trim().slice(-2_000) || error.message}`, {
              cause: error,
            }),
          );
      },
    );
    running.add(child);
    // A command that ends without reading its input says so with its exit code.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Each line of its standard output as it comes, until it is stopped. */
export function follow(command: string, args: readonly string[], onLine: (line: string) => void): { stop(): void } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  child.on('error', () => undefined);
  child.on('close', () => running.delete(child));
  createInterface({ input: child.stdout }).on('line', onLine);
  return {
    stop: () => {
      child.kill('SIGTERM');
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Asks every second, or as often as is said, until there is an answer. @throws after the limit, saying what was waited for. */
export async function until<T>(
  what: string,
  limitMs: number,
  ask: () => Promise<T | undefined>,
  everyMs = 1_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await pause(everyMs);
  }
  throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: last });
}
