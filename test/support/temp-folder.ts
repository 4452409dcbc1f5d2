/** A folder for the tests of one file, gone when they are over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

export interface TempFolder {
  readonly path: string;
  /** @returns its path. */
  readonly write: (name: string, content: string | Buffer) => string;
}

export function createTempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'medic-'));
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    write: (name, content) => {
      const at = join(path, name);
      writeFileSync(at, content);
      return at;
    },
  };
}
