/** The plugin as people get it, run on this machine: alone, and by a real kubectl. */
import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROOT } from '../../tools/release/project.ts';
import { HUNG, programOf, run, scratch, VERSION } from './built.ts';

const SOURCE = join(ROOT, 'src/bin/kubectl-medic.ts');
const DIAGNOSE = ['diagnose', '-o', 'json', HUNG];
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const folder = scratch();
/** A program of Go that runs for as long as it is asked to. */
let go: ChildProcess;
let kubectl = '';

beforeAll(async () => {
  kubectl = run(join(ROOT, 'test/lab/helm.sh'), ['kubectl']).trim();
  const esbuild = join(ROOT, `node_modules/@esbuild/linux-${process.arch}/bin/esbuild`);
  go = spawn(esbuild, ['--serve=127.0.0.1:0', `--servedir=${folder.path}`], { stdio: ['pipe', 'ignore', 'pipe'] });
  await new Promise((resolve) => go.stderr?.once('data', resolve));
});

afterAll(() => {
  go.kill('SIGKILL');
  folder[Symbol.dispose]();
});

describe.each([`linux-${arch}`, 'node'])('%s', (name) => {
  let program = '';
  const withPath = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: [dirname(program), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
  });

  beforeAll(() => {
    run('mkdir', ['-p', join(folder.path, name)]);
    program = programOf(name, join(folder.path, name));
  });

  test('says its version', () => {
    expect(run(program, ['--version'])).toBe(`${VERSION}\n`);
  });

  test('diagnoses as its sources do', () => {
    expect(run(program, DIAGNOSE)).toBe(run(process.execPath, [SOURCE, ...DIAGNOSE]));
  });

  test('explains a mistake and exits with 2', () => {
    expect(() => run(program, ['diagnose', '/nonexistent'])).toThrow(expect.objectContaining({ status: 2 }));
  });

  test('reads the stacks of a program, by a process of its own', () => {
    const stacks = run(program, ['stacks', '--pid', String(go.pid)]);
    expect(stacks).toMatch(/^goroutine 1 \[/m);
    expect(stacks).toContain('main.main');
    expect(run(program, ['stacks', '--pid', String(go.pid), '--sample', '1s'])).toMatch(/samples/);
  });

  test('is a plugin of kubectl, which completes it', () => {
    const env = withPath();
    expect(run(kubectl, ['plugin', 'list'], { env })).toContain(program);
    expect(run(kubectl, ['medic', '--version'], { env })).toBe(`${VERSION}\n`);
    expect(run(kubectl, ['__complete', 'medic', 'dia'], { env }).split('\n')[0]).toMatch(/^diagnose\b/);
  });
});

test('NODE_OPTIONS of a person do not reach the single file', () => {
  const program = join(folder.path, `linux-${arch}`, 'kubectl-medic');
  const env = { ...process.env, NODE_OPTIONS: '--require /nonexistent.cjs' };
  expect(run(program, ['--version'], { env })).toBe(`${VERSION}\n`);
  expect(run(program, ['stacks', '--pid', String(go.pid)], { env })).toMatch(/^goroutine 1 \[/m);
});

test('the single file needs nothing beside it: no Node, no folder of its own, no environment', () => {
  const program = join(folder.path, `linux-${arch}`, 'kubectl-medic');
  run('cp', [program, join(folder.path, 'alone')]);
  const env = { PATH: '/nonexistent' };
  expect(run(join(folder.path, 'alone'), DIAGNOSE, { env, cwd: '/' })).toContain('"runtime-hung"');
  expect(run(join(folder.path, 'alone'), ['stacks', '--pid', String(go.pid)], { env, cwd: '/' })).toContain(
    'main.main',
  );
});
