/** Go programs to read the stacks of, built once for each version of Go and kept in the cache. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = join(process.env['KUBELET_MEDIC_CACHE'] ?? join(homedir(), '.cache/kubelet-medic'), 'stacks');

export interface Build {
  readonly program: 'blocked' | 'switching' | 'parked' | 'frozen' | 'burning';
  /** `1.26.8`; undefined: that of the go command that is there. */
  readonly go?: string;
  readonly cgo?: boolean;
  readonly arch?: 'amd64' | 'arm64';
  /** Words for `go build`. */
  readonly flags?: readonly string[];
}

function sourceOf(program: string): string {
  return fileURLToPath(new URL(`go/${program}/`, import.meta.url));
}

export function hasCommand(program: string, ...argv: readonly string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @returns where the program is. The go command fetches the toolchain itself, from the Go module proxy. */
export function buildProgram({ program, go, cgo = false, arch = 'amd64', flags = [] }: Build): string {
  const source = sourceOf(program);
  const hash = createHash('sha256').update(JSON.stringify([go, cgo, arch, flags]));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  const path = join(CACHE, `${program}-${go ?? 'local'}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const env = {
    ...process.env,
    ...(go === undefined ? {} : { GOTOOLCHAIN: `go${go}` }),
    // The index of modules in the cache is of a newer form than 1.19 and 1.20 know.
    GODEBUG: 'goindex=0',
    GOFLAGS: '-buildvcs=false',
    GOARCH: arch,
    CGO_ENABLED: cgo ? '1' : '0',
  };
  execFileSync('go', ['build', ...flags, '-o', `${path}.part`, '.'], { cwd: source, env, stdio: 'pipe' });
  renameSync(`${path}.part`, path);
  return path;
}

export interface GoProcess {
  readonly pid: number;
  readonly goVersion: string;
  /** What pprof prints, as `goroutine?debug=2`. */
  pprof(): Promise<string>;
  readonly pprofUrl: string;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** In a group of its own: it has children that sleep. @param argv before the program's own words: an emulator. */
export async function startProgram(
  path: string,
  words: readonly string[],
  argv: readonly string[] = [],
): Promise<GoProcess> {
  const [command = '', ...args] = [...argv, path, ...words];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${path}`);
  const ended = once(child, 'exit');
  const [chunk] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(START_MS) })) as [Buffer];
  const [, port = '', goVersion = ''] = chunk.toString().trim().split(' ');
  const pprofUrl = `http://127.0.0.1:${port}/debug/pprof/goroutine?debug=2`;
  return {
    pid,
    goVersion,
    pprofUrl,
    pprof: async () => {
      const response = await fetch(pprofUrl);
      return await response.text();
    },
    signal: (name) => {
      process.kill(pid, name);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
      await ended;
    },
  };
}
