/** The first lines of the plugin's bundle. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';

const LINES = readFileSync(new URL('../../../scripts/needs-node.cjs', import.meta.url), 'utf8');

function runBy(version: string): { readonly exit: readonly number[]; readonly said: string } {
  const exit: number[] = [];
  let said = '';
  const stderr = { write: (text: string) => (said += text) };
  const process = {
    versions: { node: version },
    execPath: '/usr/bin/node',
    stderr,
    exit: (code: number) => exit.push(code),
  };
  runInNewContext(LINES, { process });
  return { exit, said };
}

test.each(['14.21.3', '18.20.4', '22.9.0'])('Node %s says in one line that it is too old', (version) => {
  const said = `kubectl-medic needs Node 24 or later, and this is Node ${version} (/usr/bin/node)\n`;
  expect(runBy(version)).toEqual({ exit: [1], said });
});

test.each(['24.0.0', '24.21.0', '100.1.0'])('Node %s goes on', (version) => {
  expect(runBy(version)).toEqual({ exit: [], said: '' });
});

test('they are written in what an old Node can parse', () => {
  expect(LINES).not.toMatch(/\b(?:const|let|import|class)\b|=>|`|\?\.|\?\?/);
});
