// Bundles the four programs into dist/, one file each, for the image and for `npx`. Node 24 runs them as they are.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** What a bundle must not carry: the agent lives on every node, and its memory is counted. */
const FORBIDDEN = {
  controller: [],
  agent: [
    'node_modules/@kubernetes/client-node/',
    'node_modules/zod/v4/classic/',
    'node_modules/@grpc/',
    'node_modules/prom-client/',
  ],
  'kubectl-medic': [],
  'stack-reader': ['node_modules/'],
};

/**
 * The programs of the image are CommonJS, which takes 5 MiB less of each: an ES module asks for all that a module of Node has,
 * its `fetch` and its `cluster` too. The plugin is an ES module, whose dependencies call `require` for Node's own modules.
 */
const COMMON = {
  format: 'cjs',
  define: { 'import.meta.url': '__url' },
  banner: "const __url = require('node:url').pathToFileURL(__filename).href;",
};
const MODULE = {
  format: 'esm',
  define: {},
  banner:
    "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

/** A text of ASCII alone takes one byte a character of memory, and any other two. What esbuild leaves stands in regular expressions. */
function toAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

rmSync('dist', { recursive: true, force: true });
let failed = false;
for (const [name, forbidden] of Object.entries(FORBIDDEN)) {
  const { format, define, banner } = name === 'kubectl-medic' ? MODULE : COMMON;
  const outfile = `dist/${name}.${format === 'cjs' ? 'cjs' : 'js'}`;
  const { metafile, outputFiles } = await build({
    entryPoints: [`src/bin/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    target: 'node24',
    // Names of functions and classes stay, for logs and stack traces. `keepNames` beside short ones takes 1 MiB more of memory.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    metafile: true,
    logLevel: 'warning',
    define: { 'process.env.KUBELET_MEDIC_VERSION': JSON.stringify(version), ...define },
    banner: { js: banner },
    write: false,
  });
  const text = toAscii(outputFiles[0].text);
  mkdirSync('dist', { recursive: true });
  writeFileSync(outfile, text);
  const carried = forbidden.filter((path) => Object.keys(metafile.inputs).some((input) => input.includes(path)));
  for (const path of carried) console.error(`${outfile} carries ${path}, which it must not`);
  failed ||= carried.length > 0;
  console.log(`${outfile}  ${Math.round(text.length / 1024)} KiB`);
}
if (failed) process.exit(1);
