/** The script of `kubectl medic ui`, which a browser gets as one file: it stands in the plugin as a text, so that none is read when it runs. */
import { buildSync } from 'esbuild';

const ENTRY = 'src/cli/ui/browser/main.ts';

/** @param root of the repository. */
export function pageScript(root: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [ENTRY],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${ENTRY} gave no file`);
  const literal = file.text.replaceAll(/[\\`]|\$\{/g, String.raw`\$&`);
  return `/** ${ENTRY}, bundled. */\n\nexport const SCRIPT = \`${literal}\`;\n`;
}
