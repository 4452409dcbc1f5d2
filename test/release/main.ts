/**
 * `npm run release:check [-- --quick]`: builds a release twice and looks at all of it, the image too. `--quick` builds once, and
 * of the plugin only what runs here. Ends with jest's count of tests.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProject, ROOT } from '../../tools/release/project.ts';
import { copySources, run } from './built.ts';

/** For a check, where package.json names no address. */
const SOME_ADDRESS = 'https://git.example.com/kubelet-medic';
const QUICK_TESTS = ['versions', 'program', 'contents', 'chart'].map((name) => `test/release/${name}.test.ts`);

const isQuick = process.argv.includes('--quick');
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';

function node(argv: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = ROOT): void {
  const { status } = spawnSync(process.execPath, argv, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

function build(out: string, env: NodeJS.ProcessEnv = {}, cwd = ROOT): void {
  const only = isQuick ? ['--only', `linux-${arch},node`] : [];
  const repository = readProject().repository ?? SOME_ADDRESS;
  node(['tools/release/main.ts', '--out', out, '--repository', repository, ...only], env, cwd);
}

/** In another folder, at another time, in another place of the world. It is of the same commit. */
function buildAgain(out: string, folder: string): void {
  copySources(folder, 'files');
  const gitDir = run('git', ['rev-parse', '--absolute-git-dir'], { cwd: ROOT }).trim();
  build(out, { TZ: 'Pacific/Kiritimati', GIT_DIR: gitDir, GIT_WORK_TREE: ROOT }, folder);
}

const work = mkdtempSync(join(tmpdir(), 'kubelet-medic-release-'));
process.on('exit', () => {
  rmSync(work, { recursive: true, force: true });
});
const [first, again] = [join(work, 'first'), join(work, 'again')];
build(first);
if (!isQuick) buildAgain(again, join(work, 'copy'));
node(
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    'release',
    '--runInBand',
    ...(isQuick ? QUICK_TESTS : []),
  ],
  { KUBELET_MEDIC_RELEASE: first, KUBELET_MEDIC_RELEASE_AGAIN: again },
);
