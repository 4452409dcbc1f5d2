/** The file that a report is written to. */
import { lstat, rename, rm, writeFile } from 'node:fs/promises';
import { MedicError } from '../../ports/errors.ts';

/** A report quotes logs and stacks of a node: not for everybody who has an account here. */
const MODE = 0o600;

/** @throws `E_CLI_OUTPUT` where there is something already. */
export async function refuseExisting(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch {
    return;
  }
  throw failure(`${path} is there already: --force replaces it`);
}

/**
 * `force`: in place of what is there, at once and as a whole; a link is replaced, and not followed.
 * @throws `E_CLI_OUTPUT`.
 */
export async function writeReport(path: string, text: string, { force }: { readonly force: boolean }): Promise<void> {
  const target = force ? `${path}.part` : path;
  try {
    if (force) await rm(target, { force: true });
    await writeFile(target, text, { mode: MODE, flag: 'wx' });
    if (force) await rename(target, path);
  } catch (cause) {
    throw failure(`cannot write to ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function failure(message: string, cause?: unknown): MedicError {
  return new MedicError('E_CLI_OUTPUT', 'invalid', message, { cause });
}
