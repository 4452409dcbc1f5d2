/** Archives whose bytes follow from what is in them: no clock, no user, no order of a folder. */
import { gzipSync } from 'node:zlib';
import { zipSync, type Zippable } from 'fflate';
import { createTar } from 'nanotar';

export interface File {
  /** From the top of the archive, with `/`. */
  readonly name: string;
  readonly data: Uint8Array;
  readonly isExecutable?: boolean;
}

/** The end of a tar: two blocks of zeros, which nanotar leaves out where the files fill its last block. */
const END = new Uint8Array(1024);
/** Of the field of a tar's header, without the prefix that older tars do not know. */
const MAX_NAME = 100;

/** @param date of every file, in milliseconds. */
export function tarGz(files: readonly File[], date: number): Buffer {
  const long = files.find(({ name }) => Buffer.byteLength(name) > MAX_NAME);
  if (long !== undefined) throw new Error(`${long.name}: a name in a tar has at most ${MAX_NAME} bytes`);
  const tar = createTar(
    files.map(({ name, data, isExecutable }) => ({
      name,
      data,
      attrs: { mode: isExecutable === true ? '755' : '644', uid: 0, gid: 0, user: 'root', group: 'root', mtime: date },
    })),
  );
  return gzipSync(Buffer.concat([tar, END]));
}

const MADE_ON_UNIX = 3;

/** @param date of every file, in milliseconds. A zip has the time of a place: the program has to run in UTC. */
export function zip(files: readonly File[], date: number): Buffer {
  const tree: Zippable = {};
  for (const { name, data, isExecutable } of files) {
    const mode = isExecutable === true ? 0o100755 : 0o100644;
    tree[name] = [data, { mtime: date, os: MADE_ON_UNIX, attrs: mode * 65_536 }];
  }
  return Buffer.from(zipSync(tree));
}
