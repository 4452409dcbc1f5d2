// Bundles the programs into dist/, one file each, and what one of them loads on demand, for the image, the release and `npx`.
// Node 24 runs them as they are. Beside them: which packages each one carries, and what goes with these.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { packageFolders, packageId, thirdPartyNotices } from './bundled-packages.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** What a bundle must not carry: the agent lives on every node, and its memory is counted. */
const FORBIDDEN = {
  controller: ['node_modules/@aws-sdk/', 'node_modules/@smithy/'],
  agent: [
    'node_modules/@aws-sdk/',
    'node_modules/@smithy/',
    'node_modules/@kubernetes/client-node/',
    'node_modules/zod/v4/classic/',
    'node_modules/@grpc/',
    'node_modules/prom-client/',
  ],
  'kubectl-medic': ['node_modules/@aws-sdk/', 'node_modules/@smithy/'],
  'single-file': ['node_modules/@aws-sdk/', 'node_modules/@smithy/'],
  'stack-reader': ['node_modules/'],
  // Loaded by the controller where a bucket is configured.
  's3-bucket': [],
};

/** Entry points that are none of a program. */
const LIBRARIES = { 's3-bucket': 'src/s3/s3-bucket.ts' };

/** What a program loads on demand from a bundle of its own stays out of the program's. */
const LIBRARIES_APART = {
  name: 'libraries-apart',
  setup(build) {
    build.onResolve({ filter: /\/s3-bucket\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './s3-bucket.cjs', external: true } : undefined,
    );
  },
};

/**
 * All are CommonJS, which takes 5 MiB less of each: an ES module asks for all that a module of Node has, its `fetch` and its
 * `cluster` too.
 */
const URL_OF_FILE = "const __url = require('node:url').pathToFileURL(__filename).href;";
/**
 * People run the plugin with the Node that they have. An old one has to be able to parse the whole file before it can say so, and
 * what an ES module imports would be looked for before its first line runs.
 */
const NEEDS_NODE = readFileSync('scripts/needs-node.cjs', 'utf8');
/** Some modules of Node, such as `node:sea`, have no name without `node:`. An old Node says that it is old before it asks for one. */
const WITH_PREFIX = { 'node-colon-prefix-require': true, 'node-colon-prefix-import': true };
const IMAGE = { target: 'node24', banner: URL_OF_FILE };
const PLUGIN = { target: 'node14.6', banner: `#!/usr/bin/env node\n${NEEDS_NODE}${URL_OF_FILE}` };

/** A text of ASCII alone takes one byte a character of memory, and any other two. What esbuild leaves stands in regular expressions. */
function toAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist', { recursive: true });
// The package around it has ES modules, and here `.js` is none.
writeFileSync('dist/package.json', '{"type":"commonjs"}\n');
let failed = false;
const bundled = {};
const folders = new Set();
for (const [name, forbidden] of Object.entries(FORBIDDEN)) {
  const { target, banner } = name === 'kubectl-medic' ? PLUGIN : IMAGE;
  const outfile = `dist/${name}.${name === 'kubectl-medic' ? 'js' : 'cjs'}`;
  const { metafile, outputFiles } = await build({
    entryPoints: [LIBRARIES[name] ?? `src/bin/${name}.ts`],
    plugins: [LIBRARIES_APART],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target,
    supported: WITH_PREFIX,
    // Names of functions and classes stay, for logs and stack traces. `keepNames` beside short ones takes 1 MiB more of memory.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    metafile: true,
    logLevel: 'warning',
    define: { 'process.env.KUBELET_MEDIC_VERSION': JSON.stringify(version), 'import.meta.url': '__url' },
    banner: { js: banner },
    write: false,
  });
  const text = toAscii(outputFiles[0].text);
  writeFileSync(outfile, text);
  const carriedFolders = packageFolders(metafile);
  bundled[name] = carriedFolders.map(packageId);
  for (const folder of carriedFolders) folders.add(folder);
  const carried = forbidden.filter((path) => Object.keys(metafile.inputs).some((input) => input.includes(path)));
  for (const path of carried) console.error(`${outfile} carries ${path}, which it must not`);
  failed ||= carried.length > 0;
  console.log(`${outfile}  ${Math.round(text.length / 1024)} KiB`);
}
for (const file of ['kubectl-medic.js', 'kubectl_complete-medic']) {
  if (file.startsWith('kubectl_')) copyFileSync(`scripts/${file}`, `dist/${file}`);
  chmodSync(`dist/${file}`, 0o755);
}
writeFileSync('dist/bundled.json', `${JSON.stringify(bundled, null, 2)}\n`);
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', thirdPartyNotices([...folders].sort()));
if (failed) process.exit(1);
