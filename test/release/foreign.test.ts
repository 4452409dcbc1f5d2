/** The single files for machines that this one is not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ROOT } from '../../tools/release/project.ts';
import { FUSE } from '../../tools/release/single-file.ts';
import { arm64Emulator, arm64Libraries } from '../support/stacks/emulator.ts';
import { HUNG, programOf, run, scratch, VERSION } from './built.ts';

const folder = scratch();
afterAll(() => {
  folder[Symbol.dispose]();
});

/** Little enough to be read within the limit of `diagnose` by an emulator, of which much else may take the time. */
const DUMP = join(folder.path, 'goroutines.txt');
const dump = gunzipSync(readFileSync(join(HUNG, 'goroutines-1.txt.gz'))).toString('utf8');
const relist = dump.split('\n\n').filter((goroutine) => goroutine.includes('pleg.(*GenericPLEG).Relist'));
writeFileSync(DUMP, `${relist.join('\n\n')}\n`);
const DIAGNOSE = ['diagnose', '-o', 'json', DUMP];

/** An emulator takes twenty times as long. */
const SLOWLY = 600_000;

describe('linux-arm64, by an emulator', () => {
  const emulator = arm64Emulator();
  if (emulator.kind === 'missing') throw new Error(emulator.why);
  const program = programOf('linux-arm64', folder.path);
  const emulated = (...argv: readonly string[]): string =>
    run(emulator.path, ['-L', arm64Libraries(), program, ...argv]);

  test(
    'it is a program for arm64 that says its version',
    () => {
      const EM_AARCH64 = 183;
      expect(readFileSync(program).readUInt16LE(18)).toBe(EM_AARCH64);
      expect(emulated('--version')).toBe(`${VERSION}\n`);
    },
    SLOWLY,
  );

  test(
    'it diagnoses as its sources do',
    () => {
      const expected = run(process.execPath, [join(ROOT, 'src/bin/kubectl-medic.ts'), ...DIAGNOSE]);
      expect(expected).toContain('"runtime-hung"');
      expect(emulated(...DIAGNOSE)).toBe(expected);
    },
    SLOWLY,
  );
});

describe('windows-amd64, by its format', () => {
  const file = readFileSync(programOf('windows-amd64', folder.path));
  const header = file.readUInt32LE(0x3c);
  const optional = header + 24;
  const DIRECTORIES = optional + 112;
  const directory = (index: number): number => file.readUInt32LE(DIRECTORIES + 8 * index);

  test('it is a program of the console for x64', () => {
    expect(file.toString('latin1', 0, 2)).toBe('MZ');
    expect(file.toString('latin1', header, header + 4)).toBe('PE\0\0');
    expect(file.readUInt16LE(header + 4)).toBe(0x8664);
    expect(file.readUInt16LE(optional)).toBe(0x20b);
    expect(file.readUInt16LE(optional + 68)).toBe(3);
  });

  test('it has no signature, since that of Node does not hold any more', () => {
    const CERTIFICATES = 4;
    expect(directory(CERTIFICATES)).toBe(0);
  });

  test('its fuse says that there is a blob, and the blob is a resource that has the program in it', () => {
    expect(file.includes(`${FUSE}:1`)).toBe(true);
    expect(file.includes(`${FUSE}:0`)).toBe(false);
    const RESOURCES = 2;
    const resources = sectionAt(file, header, directory(RESOURCES));
    expect(resources.includes(Buffer.from('NODE_SEA_BLOB', 'utf16le'))).toBe(true);
    expect(resources.includes(readFileSync(join(ROOT, 'dist/single-file.cjs')))).toBe(true);
  });
});

/** The bytes of the section of a PE file that an address is in. */
function sectionAt(file: Buffer, header: number, address: number): Buffer {
  const first = header + 24 + file.readUInt16LE(header + 20);
  for (let index = 0; index < file.readUInt16LE(header + 6); index++) {
    const at = first + 40 * index;
    const [size, from, length, offset] = [8, 12, 16, 20].map((field) => file.readUInt32LE(at + field)) as [
      number,
      number,
      number,
      number,
    ];
    if (address >= from && address < from + Math.max(size, length)) return file.subarray(offset, offset + length);
  }
  throw new Error(`no section has the address ${address.toString(16)}`);
}
