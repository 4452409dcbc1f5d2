/** The image of the Dockerfile, built by buildah on a base that is made here (test/lab/image.sh). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ROOT } from '../../tools/release/project.ts';
import { run, scratch, VERSION } from './built.ts';

const folder = scratch();
const root = join(folder.path, 'root');
let config: {
  readonly User: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Cmd: readonly string[];
};

/** Runs in the image's files, without its namespaces. */
function inImage(...argv: readonly string[]): string {
  return run('/usr/sbin/chroot', [root, ...argv], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
}

beforeAll(() => {
  const archive = run(join(ROOT, 'test/lab/image.sh'), [], { stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  run('mkdir', ['-p', root]);
  run('tar', ['-xf', archive, '-C', folder.path]);
  const [{ Config, Layers }] = JSON.parse(readFileSync(join(folder.path, 'manifest.json'), 'utf8')) as [
    { readonly Config: string; readonly Layers: readonly string[] },
  ];
  ({ config } = JSON.parse(readFileSync(join(folder.path, Config), 'utf8')) as { readonly config: typeof config });
  for (const layer of Layers) run('tar', ['-xf', join(folder.path, layer), '-C', root]);
}, 900_000);

afterAll(() => {
  folder[Symbol.dispose]();
});

test('it runs as nobody in particular, and says what it is', () => {
  expect(config).toMatchObject({ User: '65532:65532', Cmd: ['node', '/app/controller.cjs'] });
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.title': 'kubelet-medic',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.version': VERSION,
  });
});

test('its programs are those of the sources, run by the Node of the lock file', () => {
  for (const name of ['controller.cjs', 'agent.cjs', 'kubectl-medic.js', 'stack-reader.cjs']) {
    expect(readFileSync(join(root, 'app', name)).equals(readFileSync(join(ROOT, 'dist', name)))).toBe(true);
  }
  expect(inImage('node', '--version')).toBe(`${process.version}\n`);
  expect(inImage('node', '/app/kubectl-medic.js', '--version')).toBe(`${VERSION}\n`);
});

test('its list of parts and its notices cover what the programs carry', () => {
  const bundled = JSON.parse(readFileSync(join(ROOT, 'dist/bundled.json'), 'utf8')) as Record<
    string,
    readonly string[]
  >;
  const { components } = JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8')) as {
    readonly components: readonly { readonly 'bom-ref': string }[];
  };
  const listed = components.map((component) => component['bom-ref']);
  const notices = readFileSync(join(root, 'app/THIRD-PARTY-NOTICES.txt'), 'utf8');
  const carried = Object.values(bundled).flat();
  expect(carried.filter((id) => !listed.includes(id))).toEqual([]);
  expect(carried.filter((id) => !notices.includes(`\n## ${id}\n`))).toEqual([]);
  expect(notices).toContain(`\n## Node.js ${process.version.slice(1)}\n`);
});
