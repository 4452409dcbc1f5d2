// Bundles the four programs into dist/, one file each, for the image and for `npx`. Node 24 runs them as they are.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** What a bundle must not carry: the agent lives on every node, and its memory is counted. */
const FORBIDDEN = {
  controller: [],
  agent: ['node_modules/@kubernetes/client-node/', 'node_modules/zod/v4/classic/'],
  'kubectl-medic': [],
  'stack-reader': ['node_modules/'],
};

/** CommonJS dependencies call `require` for Node's own modules, which an ES module does not have. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

rmSync('dist', { recursive: true, force: true });
let failed = false;
for (const [name, forbidden] of Object.entries(FORBIDDEN)) {
  const outfile = `dist/${name}.js`;
  const { metafile } = await build({
    entryPoints: [`src/bin/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    // Names of functions and classes stay, for logs and stack traces.
    keepNames: true,
    legalComments: 'eof',
    metafile: true,
    logLevel: 'warning',
    define: { 'process.env.KUBELET_MEDIC_VERSION': JSON.stringify(version) },
    banner: { js: name === 'kubectl-medic' ? `#!/usr/bin/env node\n${banner}` : banner },
  });
  const carried = forbidden.filter((path) => Object.keys(metafile.inputs).some((input) => input.includes(path)));
  for (const path of carried) console.error(`${outfile} carries ${path}, which it must not`);
  failed ||= carried.length > 0;
  console.log(`${outfile}  ${Math.round(statSync(outfile).size / 1024)} KiB`);
}
if (failed) process.exit(1);
