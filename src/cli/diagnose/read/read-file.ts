/** What one argument of `diagnose` holds: a text, or the members of an archive. */
import { basename } from 'node:path';
import { type Chunks, CutError, fileChunks } from './byte-source.ts';
import type { FoundFile } from './find-files.ts';
import type { ReadBounds } from './read-bounds.ts';
import { reasonOf } from './read-error.ts';
import { readText, type ReadResult } from './read-text.ts';
import { isTar, tarMembers } from './read-tar.ts';
import { isGzip, PackedError, unpacked } from './unpack.ts';

/** Members of one archive that are read. */
const MAX_MEMBERS = 1_000;

export interface NamedResult {
  readonly name: string;
  readonly result: ReadResult;
}

/** It never throws: what cannot be read is a result. */
export async function* readFile({ path, name }: FoundFile, bounds: ReadBounds): AsyncGenerator<NamedResult> {
  // The end of what is packed is behind its beginning.
  const chunks = fileChunks(path, bounds, (head) => !isGzip(head) && !isTar(head));
  try {
    yield* readChunks(name, chunks, bounds);
  } finally {
    // Who has seen enough leaves it open.
    await chunks.return();
  }
}

export async function* readChunks(name: string, chunks: Chunks, bounds: ReadBounds): AsyncGenerator<NamedResult> {
  try {
    const content = await unpacked(chunks);
    if (!isTar(content.head)) {
      yield { name, result: await readText(content.chunks, bounds) };
      return;
    }
    yield* readMembers(name, content.chunks, bounds);
  } catch (error) {
    yield { name, result: { kind: 'unreadable', message: reasonOf(error) } };
  }
}

async function* readMembers(name: string, chunks: Chunks, bounds: ReadBounds): AsyncGenerator<NamedResult> {
  let members = 0;
  for await (const member of tarMembers(chunks)) {
    if (basename(member.name).startsWith('.')) {
      yield { name: `${name}/${member.name}`, result: { kind: 'unreadable', message: 'it is hidden' } };
      continue;
    }
    if (++members > MAX_MEMBERS) throw new CutError(`only ${MAX_MEMBERS} of its files are read`);
    yield { name: `${name}/${member.name.replace(/^\.\//, '')}`, result: await readMember(member.chunks, bounds) };
  }
  if (members === 0) yield { name, result: { kind: 'unreadable', message: 'the archive has no files' } };
}

async function readMember(chunks: Chunks, bounds: ReadBounds): Promise<ReadResult> {
  try {
    return await readText((await unpacked(chunks)).chunks, bounds);
  } catch (error) {
    if (!(error instanceof PackedError)) throw error;
    return { kind: 'unreadable', message: error.message };
  }
}
