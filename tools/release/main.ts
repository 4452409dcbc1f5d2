/**
 * Builds what a release consists of into `release/`:
 * `npm run release -- [--only TARGET,...] [--repository URL] [--out DIR]`. docs/releasing.md says what is what.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type File, tarGz, zip } from './archive.ts';
import { changelogEntry } from './changelog.ts';
import { chartArchive, chartYaml, crdsChartYaml } from './chart.ts';
import { krewManifest } from './krew.ts';
import { nodeBinary } from './node-binary.ts';
import { browsable, type Project, readProject, ROOT } from './project.ts';
import { isClean, isTagged, provenance } from './provenance.ts';
import { createBlob, withBlob } from './single-file.ts';
import { archiveName, type Target, TARGETS } from './targets.ts';

interface Order {
  readonly targets: readonly Target[];
  readonly project: Project;
  readonly out: string;
}

function readOrder(): Order {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, repository: { type: 'string' }, out: { type: 'string', default: 'release' } },
  });
  const names = values.only?.split(',') ?? TARGETS.map(({ name }) => name);
  const targets = names.map((name) => {
    const target = TARGETS.find((candidate) => candidate.name === name);
    if (target !== undefined) return target;
    throw new Error(`--only ${name}: there are ${TARGETS.map((candidate) => candidate.name).join(', ')}`);
  });
  const project = readProject();
  const repository = values.repository === undefined ? project.repository : browsable(values.repository);
  return { targets, project: { ...project, repository }, out: resolve(values.out) };
}

/** @throws where a folder has files that are no part of an earlier release: what is in it is deleted. */
function checkFolder(out: string): void {
  const files = existsSync(out) ? readdirSync(out) : [];
  const sums = files.includes('SHA256SUMS') ? readFileSync(join(out, 'SHA256SUMS'), 'utf8').split('\n') : [];
  const ours = new Set(['SHA256SUMS', ...sums.map((line) => line.slice(66))]);
  const other = files.find((name) => !ours.has(name));
  if (other !== undefined)
    throw new Error(`--out ${out}: ${other} is in it, which is of no release: name another folder`);
}

const dist = (name: string): Buffer => readFileSync(join(ROOT, 'dist', name));

/** What is in an archive beside the program. */
function companions(): readonly File[] {
  return [
    { name: 'kubectl_complete-medic', data: dist('kubectl_complete-medic'), isExecutable: true },
    { name: 'LICENSE', data: readFileSync(join(ROOT, 'LICENSE')) },
    { name: 'THIRD-PARTY-NOTICES.txt', data: dist('THIRD-PARTY-NOTICES.txt') },
  ];
}

/** @param blob makes it once, where a target needs it. */
function programFiles({ node, program }: Target, blob: () => Uint8Array): readonly File[] {
  if (node !== undefined) {
    const data = withBlob(nodeBinary(node.package, node.path), blob());
    return [{ name: program, data, isExecutable: true }];
  }
  return [
    { name: program, data: dist('kubectl-medic.js'), isExecutable: true },
    { name: 'stack-reader.cjs', data: dist('stack-reader.cjs') },
  ];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function sbom(format: string, date: number): Buffer {
  const argv = ['scripts/sbom.mjs', format, '--package-lock-only'];
  return execFileSync(process.execPath, argv, {
    cwd: ROOT,
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date / 1000) },
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function main(): void {
  // Dates in a zip are of the place where it is made.
  process.env['TZ'] = 'UTC';
  const { targets, project, out } = readOrder();
  checkFolder(out);
  const { version, repository } = project;
  const entry = changelogEntry(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), version);
  const date = Date.parse(entry.date);
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const sums = new Map<string, string>();
  const write = (name: string, data: string | Uint8Array): void => {
    writeFileSync(join(out, name), data);
    sums.set(name, createHash('sha256').update(data).digest('hex'));
    console.log(`${name}  ${(data.length / 1024).toFixed(0)} KiB`);
  };

  const blob = once(() => createBlob(join(ROOT, 'dist/single-file.cjs')));
  for (const target of targets) {
    const files = [...programFiles(target, blob), ...companions()];
    write(archiveName(target, version), target.archive === 'zip' ? zip(files, date) : tarGz(files, date));
  }
  write(`kubelet-medic-${version}.tgz`, chartArchive('kubelet-medic', chartYaml(project, entry), date));
  write(`kubelet-medic-crds-${version}.tgz`, chartArchive('kubelet-medic-crds', crdsChartYaml(project), date));
  write(`kubelet-medic_${version}.cdx.json`, sbom('cyclonedx', date));
  write(`kubelet-medic_${version}.spdx.json`, sbom('spdx', date));
  if (repository === undefined) {
    console.log(
      'No medic.yaml for krew, and no `home` in the chart: package.json names no `repository`, nor does --repository.',
    );
  } else if (targets.length === TARGETS.length) {
    write('medic.yaml', krewManifest({ version, repository, sums }));
  }
  if (!isTagged(version) || !isClean())
    console.log(
      `Not to be published: ${isClean() ? '' : 'the tree has changes, or '}HEAD is not v${version}. provenance.json says so.`,
    );
  write('provenance.json', provenance({ version, repository, sums }));
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sum]) => `${sum}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
}

try {
  main();
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
