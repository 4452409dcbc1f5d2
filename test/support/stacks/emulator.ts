/**
 * QEMU's user mode for arm64, from Debian's package; nothing is installed: it is unpacked into the cache. A program that it
 * runs has real memory, in QEMU's own process, at its own addresses.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { openProcess, type OpenProcess } from '../../../src/host/stacks/process-files.ts';

const CACHE = join(process.env['KUBELET_MEDIC_CACHE'] ?? join(homedir(), '.cache/kubelet-medic'), 'qemu');
/** It links nothing, so that it runs on any machine. */
const PACKAGE = 'qemu-user-static';
const PROGRAM = 'usr/bin/qemu-aarch64-static';
/** What C++ is linked with, for arm64: Debian has it for compilers on other machines, in packages that are of no architecture. */
const LIBRARIES = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'].map((name) => `${name}-arm64-cross`);

export type Emulator =
  { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly why: string };

/** From the cache, else from the mirror that this machine installs from. It never throws. */
export function arm64Emulator(): Emulator {
  try {
    const version = candidate(PACKAGE);
    const path = join(CACHE, version.replaceAll(/[^\w.+-]/g, '-'), PROGRAM);
    if (!existsSync(path)) unpack([`${PACKAGE}=${version}`], PROGRAM, path);
    return { kind: 'found', path };
  } catch (error) {
    const kept = keptProgram();
    if (kept !== undefined) return { kind: 'found', path: kept };
    return { kind: 'missing', why: `${PACKAGE} cannot be had: ${String(error).split('\n')[0] ?? ''}` };
  }
}

/**
 * A folder for the emulator's `-L`, where a program looks for its libraries.
 * @throws where the mirror does not have them, or is away.
 */
export function arm64Libraries(): string {
  const versions = LIBRARIES.map((name) => `${name}=${candidate(name)}`);
  const path = join(CACHE, `libraries-${versions[0]?.replaceAll(/[^\w.+-]/g, '-') ?? ''}`);
  if (!existsSync(path)) unpack(versions, 'usr/aarch64-linux-gnu', path);
  return path;
}

function run(program: string, argv: readonly string[], folder = '/'): string {
  return execFileSync(program, argv, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function candidate(name: string): string {
  const read = (): string | undefined => /Candidate: (\d\S*)/.exec(run('apt-cache', ['policy', name]))?.[1];
  const known = read();
  if (known !== undefined) return known;
  run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', 'update']);
  const found = read();
  if (found === undefined) throw new Error('no mirror of this machine has it');
  return found;
}

/** @param from what is wanted of the packages, which is moved to `path`. */
function unpack(packages: readonly string[], from: string, path: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'new-'));
  try {
    run('apt-get', ['-qq', 'download', ...packages], folder);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['--extract', file, 'root'], folder);
    }
    mkdirSync(dirname(path), { recursive: true });
    renameSync(join(folder, 'root', from), path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of another version, where the mirror is away. */
function keptProgram(): string | undefined {
  if (!existsSync(CACHE)) return undefined;
  return readdirSync(CACHE)
    .map((version) => join(CACHE, version, PROGRAM))
    .find((path) => existsSync(path));
}

const E_ENTRY = 24;

/**
 * The program inside of the emulator's process. Its file and its memory are its own; /proc has the emulator's registers.
 * @param path of the program, which is linked at fixed addresses.
 */
export function openEmulated(pid: number, path: string): OpenProcess {
  const emulator = openProcess({ procRoot: '/proc', pid, startTicks: undefined });
  const program = readFileSync(path);
  const shift = guestBase(pid, path, program);
  const file = openSync(path, 'r');
  return {
    ...emulator,
    file: { readInto: (into, at) => readSync(file, into, 0, into.length, at) },
    fileSize: program.length,
    memory: { readInto: (into, at) => emulator.memory.readInto(into, at + shift) },
    entryPoint: Number(program.readBigUInt64LE(E_ENTRY)),
    registersOf: () => undefined,
    close: () => {
      emulator.close();
      closeSync(file);
    },
  };
}

const [E_PHOFF, E_PHENTSIZE, E_PHNUM, PT_LOAD] = [32, 54, 56, 1];

/** How far the program's addresses are from those of the emulator's process: QEMU maps the program's file itself. */
function guestBase(pid: number, path: string, program: Buffer): number {
  const first = readFileSync(`/proc/${String(pid)}/maps`, 'utf8')
    .split('\n')
    .find((line) => line.endsWith(` ${path}`));
  const [, start = '', offset = ''] = /^([0-9a-f]+)-[0-9a-f]+ \S+ ([0-9a-f]+) /.exec(first ?? '') ?? [];
  const table = Number(program.readBigUInt64LE(E_PHOFF));
  const size = program.readUInt16LE(E_PHENTSIZE);
  for (let at = table; at < table + size * program.readUInt16LE(E_PHNUM); at += size) {
    const isIt =
      program.readUInt32LE(at) === PT_LOAD && Number(program.readBigUInt64LE(at + 8)) === parseInt(offset, 16);
    if (isIt) return parseInt(start, 16) - Number(program.readBigUInt64LE(at + 16));
  }
  throw new Error(`process ${String(pid)} has not mapped ${path}`);
}
