// Run before every npm script, by whatever Node (20 or later) started npm: installs the dependencies where they are
// missing or older than the lock file. Node 24 is one of them, so scripts after this find it first on their PATH.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const installed = 'node_modules/.package-lock.json';
const upToDate = existsSync(installed) && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs;
if (!upToDate) {
  process.stderr.write('kubelet-medic: installing dependencies (npm ci), once ...\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
