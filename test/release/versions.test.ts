/** The version is in package.json alone: `npm run generate` brings it everywhere else. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copySources, run, scratch, VERSION } from './built.ts';

const NEXT = '91.82.73-rc.4';
/** Told of what was, of other packages, or of anything. */
const MAY_NAME_IT = /^(?:CHANGELOG\.md|package-lock\.json|test\/|docs\/adr\/|docs\/upgrade\.md)/;
const copy = scratch();

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(join(copy.path, path), change(readFileSync(join(copy.path, path), 'utf8')));
}

function tool(path: string, ...argv: readonly string[]): { readonly code: number; readonly said: string } {
  const env = { ...process.env, npm_config_loglevel: 'silent' };
  try {
    return { code: 0, said: run(process.execPath, [path, ...argv], { cwd: copy.path, env }) };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, said: `${stdout}${stderr}` };
  }
}

beforeAll(() => {
  copySources(copy.path);
});

afterAll(() => {
  copy[Symbol.dispose]();
});

test('what is here is generated of the version', () => {
  expect(tool('tools/generate/main.ts', '--check')).toEqual({ code: 0, said: '' });
});

test('a version without an entry of the changelog is refused by generate and by release', () => {
  edit('package.json', (text) => text.replace(`"version": "${VERSION}"`, `"version": "${NEXT}"`));
  const said = `CHANGELOG.md: there is no entry of ${NEXT}: write \`## ${NEXT} - DATE\``;
  expect(tool('tools/generate/main.ts', '--check')).toEqual({ code: 1, said: `generate: ${said}\n` });
  expect(tool('tools/release/main.ts')).toEqual({ code: 1, said: `release: ${said}\n` });
});

test.each([
  [['--out', '.'], /^release: --out \S+: \S+ is in it, which is of no release: name another folder\n$/],
  [['--only', 'linux-arm'], /^release: --only linux-arm: there are linux-amd64, linux-arm64, windows-amd64, node\n$/],
  [['--repository', 'here'], /^release: repository: here: must be like https:\/\/HOST\/PATH\n$/],
  [['--fast'], /^release: Unknown option '--fast'/],
])('release refuses %j', (argv, said) => {
  expect(tool('tools/release/main.ts', ...argv)).toEqual({ code: 1, said: expect.stringMatching(said) });
});

test('release deletes no file that is of no release', () => {
  const folder = join(copy.path, 'Downloads');
  mkdirSync(folder);
  writeFileSync(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  debian.iso\n`);
  writeFileSync(join(folder, 'thesis.txt'), 'years of work');
  expect(tool('tools/release/main.ts', '--only', 'node', '--out', folder)).toMatchObject({
    code: 1,
    said: expect.stringContaining('thesis.txt is in it, which is of no release'),
  });
  expect(readFileSync(join(folder, 'thesis.txt'), 'utf8')).toBe('years of work');
  rmSync(folder, { recursive: true });
});

test('after a new version nothing names the old one', () => {
  edit('CHANGELOG.md', (text) => text.replace('## Unreleased', `## Unreleased\n\n## ${NEXT} - 2027-01-02`));
  const before = tool('tools/generate/main.ts', '--check');
  expect(before.code).toBe(1);
  expect(before.said).toContain('differs: charts/kubelet-medic/Chart.yaml');
  tool('tools/generate/main.ts');
  const old = new RegExp(`(?<![\\d.])${VERSION.replaceAll('.', '\\.')}(?![\\d.]*\\d)`);
  const stale = globSync('{*,.*,**/*}', { cwd: copy.path, withFileTypes: true, exclude: ['node_modules', '.git'] })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(copy.path.length + 1))
    .filter((path) => !MAY_NAME_IT.test(path) && old.test(readFileSync(join(copy.path, path), 'utf8')));
  expect(stale).toEqual([]);
  expect(tool('tools/generate/main.ts', '--check')).toEqual({ code: 0, said: '' });
});

test.each([
  ['charts/kubelet-medic/Chart.yaml', `version: ${NEXT}\nappVersion: ${NEXT}`],
  ['charts/kubelet-medic/Chart.yaml', `image: kubelet-medic:${NEXT}`],
  ['charts/kubelet-medic/Chart.yaml', 'artifacthub.io/prerelease: "true"'],
  ['examples/values/highly-available.yaml', `tag: ${NEXT}`],
  ['docs/install.md', `kubelet-medic:${NEXT}`],
  ['docs/cli.md', `kubectl-medic_${NEXT}_linux_amd64.tar.gz`],
  ['Dockerfile', `image.version=${NEXT}`],
  ['package-lock.json', `"name": "kubelet-medic",\n      "version": "${NEXT}"`],
  ['examples/reports/recovered.html', `by kubectl medic ${NEXT}`],
])('%s has the new version: %s', (path, text) => {
  expect(readFileSync(join(copy.path, path), 'utf8').includes(text)).toBe(true);
});

test('a repository in package.json becomes the address of the chart', () => {
  const address = 'https://git.example.com/jane/kubelet-medic';
  const chart = (): string => readFileSync(join(copy.path, 'charts/kubelet-medic/Chart.yaml'), 'utf8');
  edit('package.json', (text) => text.replace('{', `{\n  "repository": "git+${address}.git",`));
  tool('tools/generate/main.ts');
  expect(chart()).toContain(`\nhome: ${address}\nicon: ${address}/raw/v${NEXT}/docs/images/icon.svg\n`);
  expect(chart()).toContain(`url: ${address}/blob/v${NEXT}/docs/install.md`);
});

test('a version of another form is refused', () => {
  edit('package.json', (text) => text.replace(`"version": "${NEXT}"`, '"version": "v1.2"'));
  const { code, said } = tool('tools/generate/main.ts', '--check');
  expect(code).toBe(1);
  expect(said).toBe('generate: package.json: version: must be like 1.2.3, 1.2.3-alpha.1, 1.2.3-beta.1 or 1.2.3-rc.1\n');
});
