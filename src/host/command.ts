/**
 * The only place that starts processes of the host. What may be run is listed here, as argv: programs of the system, by name.
 * Nothing goes through a shell but one script of our own, which signals a process for a drill, and nothing that was found on the host
 * is run.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { MedicError } from '../ports/errors.ts';
import { hasCode, messageOf } from './system-error.ts';
import { isFaultCommand } from './unit/fault-commands.ts';

interface CommandOptions {
  /** Ends the command. The port that it serves has a limit (`agent/bounded-host.ts`), and a command none of its own. */
  readonly signal: AbortSignal;
  /** Output beyond it is cut, and the command ended. */
  readonly maxBytes: number;
}

interface CommandResult {
  readonly stdout: Buffer;
  /** Its last 4 KiB. */
  readonly stderr: string;
  readonly truncated: boolean;
  readonly exitCode: number;
}

export interface Commands {
  /** The command as it is run, for records. */
  describe(argv: readonly string[]): string;
  /** @throws `E_HOST_COMMAND` if it cannot be started or is killed; the signal's reason. An exit code is a result. */
  run(argv: readonly string[], options: CommandOptions): Promise<CommandResult>;
  /** Its output as it comes, until it ends or the signal does. @throws `E_HOST_COMMAND` if it ends with a failure. */
  stream(argv: readonly string[], signal: AbortSignal): AsyncIterable<Buffer>;
}

const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,250}\.(?:service|scope|slice|socket|timer)$/;
const SHOW_OPTION = /^--property=[A-Za-z,]+$/;
const JOURNAL_OPTION =
  /^(?:--(?:no-pager|quiet|no-tail|all|follow|reverse|utc|output=(?:json|short-iso-precise|short-iso)|output-fields=[A-Z_,]+|(?:since|until)=@\d+|lines=\d+|unit=[^\s-][^\s]*|after-cursor=[\w=;]+)|_PID=\d{1,10})$/;
const STDERR_BYTES = 4096;

/** Times are printed in UTC and words in English, whatever the host's settings are. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  TZ: 'UTC',
  SYSTEMD_COLORS: '0',
  SYSTEMD_PAGER: '',
};

/** Whether these words may be run. */
export function isAllowed(argv: readonly string[]): boolean {
  const [program = '', ...rest] = argv;
  if (isFaultCommand(argv)) return true;
  if (program === 'systemctl') return isSystemctl(rest);
  if (program === 'journalctl') return rest.every((word) => JOURNAL_OPTION.test(word));
  return program === 'dmesg' && rest.length === 0;
}

/** Verbs of systemctl, and whether the words after each may be run. */
const SYSTEMCTL: Readonly<Record<string, (words: readonly string[]) => boolean>> = {
  reboot: (words) => words.length === 0,
  restart: isOneUnit,
  'reset-failed': isOneUnit,
  // The main process alone: what else runs in the unit's control group, as shims do, is left as it is.
  kill: ([who, signal, ...units]) => who === '--kill-who=main' && signal === '--signal=SIGKILL' && isOneUnit(units),
  show: (words) => {
    const units = SHOW_OPTION.test(words[0] ?? '') ? words.slice(1) : words;
    return units.length > 0 && units.every((word) => UNIT.test(word));
  },
};

function isOneUnit(words: readonly string[]): boolean {
  return words.length === 1 && UNIT.test(words[0] ?? '');
}

function isSystemctl([verb = '', ...words]: readonly string[]): boolean {
  return Object.hasOwn(SYSTEMCTL, verb) && SYSTEMCTL[verb]?.(words) === true;
}

/** Folders of root's alone. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * @param targetPid run in the namespaces of this process, the host's init; undefined: this process is on the host.
 * @param path where programs are looked for.
 */
export function createCommands(targetPid: number | undefined, path = PATH): Commands {
  const prefix =
    targetPid === undefined ? [] : ['nsenter', '-t', String(targetPid), '-m', '-u', '-i', '-n', '-p', '--'];

  function start(argv: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
    if (!isAllowed(argv)) {
      throw new MedicError('E_HOST_COMMAND_REFUSED', 'bug', `not on the list of commands: ${argv.join(' ')}`);
    }
    const [program = '', ...args] = [...prefix, ...argv];
    // A group of its own: nsenter forks to enter the PID namespace, and both have to end.
    return spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...ENVIRONMENT, PATH: path },
    });
  }

  return {
    describe: (argv) => [...prefix, ...argv].join(' '),
    run: (argv, options) => runChild(() => start(argv), argv, options),
    stream: (argv, signal) => streamChild(() => start(argv), argv, signal),
  };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

async function runChild(
  start: () => Child,
  argv: readonly string[],
  { signal, maxBytes }: CommandOptions,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const child = start();
  const onStop = (): void => {
    killGroup(child);
  };
  signal.addEventListener('abort', onStop);
  try {
    const [stdout, stderr, exit] = await Promise.all([
      readBounded(child, maxBytes),
      readTail(child),
      whenClosed(child),
    ]);
    signal.throwIfAborted();
    if (exit.signal !== null && !stdout.truncated) throw failure(argv, `killed by ${exit.signal}`);
    return { stdout: stdout.bytes, stderr, truncated: stdout.truncated, exitCode: exit.code ?? 0 };
  } catch (error) {
    throw error instanceof MedicError || signal.aborted ? error : failure(argv, messageOf(error), error);
  } finally {
    signal.removeEventListener('abort', onStop);
    killGroup(child);
  }
}

async function* streamChild(start: () => Child, argv: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  const child = start();
  const onStop = (): void => {
    killGroup(child);
  };
  signal.addEventListener('abort', onStop);
  const stderr = readTail(child);
  const closed = whenClosed(child);
  // A failure to start is met below, when the output has ended.
  closed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) yield chunk;
    const exit = await closed.catch((error: unknown) => {
      throw failure(argv, messageOf(error), error);
    });
    signal.throwIfAborted();
    if (exit.code !== 0) throw failure(argv, `exit ${String(exit.code ?? exit.signal)}: ${(await stderr).trim()}`);
  } finally {
    signal.removeEventListener('abort', onStop);
    killGroup(child);
  }
}

/** The end of the process and of its output. */
async function whenClosed(child: Child): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

async function readBounded(
  child: Child,
  maxBytes: number,
): Promise<{ readonly bytes: Buffer; readonly truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) {
      killGroup(child);
      break;
    }
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), truncated: size > maxBytes };
}

async function readTail(child: Child): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_BYTES);
  }
  return tail.toString();
}

/** SIGKILL to nsenter and what it runs. The group is gone already where both have ended. */
function killGroup(child: Child): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function failure(argv: readonly string[], message: string, cause?: unknown): MedicError {
  return new MedicError('E_HOST_COMMAND', 'transient', `${argv.join(' ')}: ${message}`, { cause });
}
