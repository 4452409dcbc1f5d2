/** The commands of docs/releasing.md, in a copy of the sources with a remote of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../tools/release/project.ts';
import { copySources, released, run, scratch, VERSION } from './built.ts';

/** What runs this. */
const CHECK = 'npm run release:check\n';
const page = readFileSync(join(ROOT, 'docs/releasing.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block);

/** git and npm without what this machine has set, and npm without the scripts that install. */
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Jane',
  GIT_AUTHOR_EMAIL: 'jane@example.com',
  GIT_COMMITTER_NAME: 'Jane',
  GIT_COMMITTER_EMAIL: 'jane@example.com',
  npm_config_ignore_scripts: 'true',
};

test('its commands make a release of the next version', () => {
  using copy = scratch();
  using remote = scratch();
  copySources(copy.path);
  const git = (...argv: readonly string[]): string => run('git', argv, { cwd: copy.path, env });
  run('git', ['init', '--quiet', '--bare', remote.path], { env });
  git('init', '--quiet', '--initial-branch=main');
  git('remote', 'add', 'origin', remote.path);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'What is here');

  expect(blocks.filter((block) => block === CHECK)).toHaveLength(1);
  // The whole of it is built by those who call this; a part shows that the commands are right.
  const script = blocks
    .filter((block) => block !== CHECK)
    .join('')
    .replace('npm run release\n', 'npm run release -- --only node\n');
  run('bash', ['-euo', 'pipefail', '-c', script], { cwd: copy.path, env });

  const [major = 0, minor = 0] = VERSION.split('.').map(Number);
  const next = `${String(major)}.${String(minor + 1)}.0`;
  expect(git('ls-remote', 'origin')).toContain(`refs/tags/v${next}`);
  expect(git('status', '--porcelain')).toBe('');
  expect(git('show', '--no-patch', '--format=%s')).toBe(`Release ${next}\n`);
  const sums = readFileSync(join(copy.path, 'release/SHA256SUMS'), 'utf8');
  expect(sums).toContain(`kubectl-medic_${next}_node.tar.gz`);
  expect(sums).not.toBe(released('SHA256SUMS').toString('utf8'));
  run(process.execPath, ['tools/generate/main.ts', '--check'], { cwd: copy.path });
}, 600_000);

test('the commands that no test runs are those that need a registry', () => {
  const [, untested = ''] = /^```console\n([^]*?)^```$/m.exec(page) ?? [];
  const words = untested
    .trim()
    .split('\n')
    .map((line) => line.split(' ', 2).join(' '));
  expect(words).toEqual(['docker buildx', 'helm push', 'gh release']);
});
