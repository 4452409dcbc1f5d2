/** The manifest, by krew's own validation; and each archive, installed by a real krew. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../../tools/release/project.ts';
import { archiveName, TARGETS } from '../../tools/release/targets.ts';
import { RELEASE, released, run, scratch, sha256, VERSION, yamlOf } from './built.ts';

const MANIFEST = join(RELEASE, 'medic.yaml');
const bin = run(join(ROOT, 'test/lab/build-krew.sh'), []).trim();
const kubectl = run(join(ROOT, 'test/lab/helm.sh'), ['kubectl']).trim();

const manifest = yamlOf('medic.yaml') as {
  readonly spec: {
    readonly version: string;
    readonly shortDescription: string;
    readonly platforms: readonly { readonly uri: string; readonly sha256: string }[];
  };
};

test("krew's index would take it", () => {
  // It writes what it finds to standard error, and exits with 1 where it finds fault.
  expect(() => run(join(bin, 'validate-krew-manifest'), ['-manifest', MANIFEST, '-skip-install'])).not.toThrow();
  expect(manifest.spec.version).toBe(`v${VERSION}`);
  expect(manifest.spec.shortDescription.length).toBeLessThanOrEqual(50);
});

test('it has the address and the checksum of each archive', () => {
  for (const { uri, sha256: sum } of manifest.spec.platforms)
    expect(sha256(released(uri.split('/').at(-1) ?? ''))).toBe(sum);
  expect(manifest.spec.platforms).toHaveLength(TARGETS.length);
});

const machines = TARGETS.flatMap((target) => target.architectures.map((arch) => ({ target, os: target.os, arch })));

describe.each(machines)('$os $arch', ({ target, os, arch }) => {
  test('krew installs it', () => {
    using home = scratch();
    const env = { ...process.env, KREW_ROOT: home.path, KREW_OS: os, KREW_ARCH: arch };
    const archive = join(RELEASE, archiveName(target, VERSION));
    run(join(bin, 'krew'), ['install', `--manifest=${MANIFEST}`, `--archive=${archive}`], { env });
    const store = join(home.path, 'store/medic', `v${VERSION}`);
    expect(readdirSync(store)).toContain(target.program);
    if (os === 'windows') return;
    const link = join(home.path, 'bin/kubectl-medic');
    expect(realpathSync(link)).toBe(realpathSync(join(store, target.program)));
    const isOurs =
      target.node === undefined || (os === 'linux' && arch === (process.arch === 'arm64' ? 'arm64' : 'amd64'));
    if (!isOurs) return;
    const path = [dirname(link), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
    expect(run(kubectl, ['medic', '--version'], { env: { ...process.env, PATH: path } })).toBe(`${VERSION}\n`);
    expect(existsSync(join(store, 'LICENSE'))).toBe(true);
  });
});
