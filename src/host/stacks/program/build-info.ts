/**
 * What a Go program says of its own making, without running it (go/src/debug/buildinfo). Paths and settings come from
 * whoever built the program.
 */
import type { BuildInfo } from '../../../ports/stacks.ts';
import type { Executable } from './executable.ts';

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER = 32;
/** Strings stand behind the header since Go 1.18. */
const INLINE_STRINGS = 2;
const MAX_TEXT = 1_048_576;
const SENTINEL = 16;
const MAX_LINKED = 64;
/** The linker puts it at the beginning of the data. */
const SEARCHED = 1_048_576;

/** undefined: it is no Go program, or an old one. */
export function readBuildInfo(executable: Executable): BuildInfo | undefined {
  const at = findInfo(executable);
  if (at === undefined) return undefined;
  const head = executable.bytes(at, HEADER);
  if (((head[15] ?? 0) & INLINE_STRINGS) === 0) return { goVersion: 'go1.17 or older' };
  const version = readString(executable, at + HEADER);
  const modules = readString(executable, version.end);
  const goVersion = version.text.slice(0, 64);
  const isFramed = modules.text.length >= 2 * SENTINEL;
  return { goVersion, ...(isFramed ? readModules(modules.text.slice(SENTINEL, -SENTINEL)) : {}) };
}

function findInfo(executable: Executable): number | undefined {
  const section = executable.section('.go.buildinfo');
  if (section !== undefined && executable.has(section.start) && isInfo(executable, section.start)) return section.start;
  for (const { start, end } of executable.segments.filter(({ isWritable }) => isWritable)) {
    const range = { start, end: Math.min(end, start + SEARCHED) };
    for (const { address, bytes } of executable.chunks(range, MAGIC.length)) {
      const found = bytes.indexOf(MAGIC);
      if (found >= 0) return address + found;
    }
  }
  return undefined;
}

function isInfo(executable: Executable, address: number): boolean {
  return executable.bytes(address, MAGIC.length).equals(MAGIC);
}

/** A length as a varint, and so many bytes. */
function readString(executable: Executable, address: number): { readonly text: string; readonly end: number } {
  let length = 0;
  let at = address;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = executable.u8(at++);
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > MAX_TEXT) return { text: '', end: at };
  return { text: length === 0 ? '' : executable.bytes(at, length).toString('latin1'), end: at + length };
}

type Modules = Omit<BuildInfo, 'goVersion'>;

function readModules(text: string): Modules {
  let modules: Modules = {};
  for (const line of Buffer.from(text, 'latin1').toString('utf8').split('\n')) {
    const [kind, first = '', second = ''] = line.split('\t');
    // A program that was built without modules, as those of Debian, has this line alone.
    if (kind === 'path') modules = { ...modules, packagePath: first };
    if (kind === 'mod') modules = { ...modules, mainPath: first, mainVersion: second };
    if (kind !== 'build') continue;
    const [key, value] = readSetting(line.slice('build\t'.length));
    if (key === 'vcs.revision') modules = { ...modules, revision: value };
    if (key === '-ldflags') modules = { ...modules, linkedStrings: readLinkedStrings(value) };
  }
  return modules;
}

/** `key=value`, the value quoted where it has more than plain characters. */
function readSetting(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const value = text.slice(at + 1);
  if (!/^".*"$/s.test(value)) return [text.slice(0, at), value];
  return [text.slice(0, at), value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1')];
}

const LINKED = /-X[= ]\s*(?:'([^'=]+)=([^']*)'|"([^"=]+)=([^"]*)"|([^\s=]+)=(\S*))/g;

function readLinkedStrings(flags: string): Readonly<Record<string, string>> {
  const found = [...flags.matchAll(LINKED)].slice(0, MAX_LINKED);
  return Object.fromEntries(found.map(([, a, b, c, d, e, f]) => [a ?? c ?? e ?? '', b ?? d ?? f ?? '']));
}
