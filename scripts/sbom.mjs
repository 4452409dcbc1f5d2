// sbom.mjs cyclonedx|spdx [npm's flags]: prints what the programs are made of, by npm. Fails where a bundle of dist/ carries a
// package that is not in it. SOURCE_DATE_EPOCH sets its time; nothing is drawn, so that the same tree gives the same text.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [format, ...flags] = process.argv.slice(2);
if (format !== 'cyclonedx' && format !== 'spdx') throw new Error('sbom.mjs: which format? cyclonedx or spdx');
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const bom = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', format, ...flags], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  }),
);

const bundled = Object.values(JSON.parse(readFileSync('dist/bundled.json', 'utf8'))).flat();

/**
 * What ships, and not what tests alone need. `npm sbom --omit dev` leaves out what both need, zod among it (npm 11.19), and a
 * bundle may carry what is there for the tests: `debug` asks for `supports-color`, if there is one.
 * @returns ids as npm writes them, `NAME@VERSION`.
 */
function shipped() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const entries = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return new Set([
    ...bundled,
    ...entries.map(([path, entry]) => `${path.split('node_modules/').at(-1)}@${entry.version}`),
  ]);
}

const ships = shipped();

function keepShipped() {
  if (format === 'cyclonedx') {
    bom.components = bom.components.filter((component) => ships.has(component['bom-ref']));
    const refs = new Set([bom.metadata.component['bom-ref'], ...ships]);
    bom.dependencies = bom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((id) => refs.has(id)) }));
    return bom.components.map((component) => component['bom-ref']);
  }
  const ids = new Set(['SPDXRef-DOCUMENT', ...bom.documentDescribes]);
  bom.packages = bom.packages.filter(
    (entry) => ids.has(entry.SPDXID) || ships.has(`${entry.name}@${entry.versionInfo}`),
  );
  for (const entry of bom.packages) ids.add(entry.SPDXID);
  bom.relationships = bom.relationships.filter(
    ({ spdxElementId, relatedSpdxElement }) => ids.has(spdxElementId) && ids.has(relatedSpdxElement),
  );
  return bom.packages.map((entry) => `${entry.name}@${entry.versionInfo}`);
}

const listed = new Set(keepShipped());
const missing = [...new Set(bundled)].filter((id) => !listed.has(id));
if (missing.length > 0) throw new Error(`sbom.mjs: a bundle carries what is not in the list: ${missing.join(', ')}`);

function digest(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** RFC 9562, version 8: its digits are ours to choose. */
function uuid(hex) {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000));
const time = new Date(seconds * 1000).toISOString();
if (format === 'cyclonedx') {
  // npm names it for the folder that it is in.
  Object.assign(bom.metadata.component, { name, type: 'application' });
  bom.metadata.timestamp = time;
  bom.serialNumber = `urn:uuid:${uuid(digest(bom.components))}`;
} else {
  bom.creationInfo.created = time.replace(/\.\d+Z$/, 'Z');
  bom.documentNamespace = `http://spdx.org/spdxdocs/${name}-${version}-${uuid(digest(bom.packages))}`;
}

process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
