/** The user's own causes, as controller and agent have them: whatever the file is, the program starts. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadOwnCauses } from '../../../src/platform/own-causes/load-own-causes.ts';
import type { OwnCauses } from '../../../src/core/diagnosis/catalogue/own-causes.ts';
import { createRecordingLog, createRecordingMetrics } from '../../support/builders/recording.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { createTempFolder } from '../../support/temp-folder.ts';

const EXAMPLE = new URL('../../../examples/values/own-causes.yaml', import.meta.url).pathname;

const folder = createTempFolder();

async function load(path: string | undefined): Promise<{
  readonly own: OwnCauses;
  readonly errors: readonly unknown[];
  readonly gauges: readonly (number | undefined)[];
}> {
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const own = await loadOwnCauses(path, { log, metrics });
  const gauges = [metrics.values.get('own_causes'), metrics.values.get('own_causes_refused')];
  return { own, errors: log.entries.filter(({ level }) => level === 'error').map(({ fields }) => fields.err), gauges };
}

function file(content: string | Buffer): string {
  return folder.write('own-causes.yaml', content);
}

const withPattern = (pattern: string): string => `ownCauses:
  - id: ours
    class: Storage
    summary: Ours.
    signs: [{kind: log, weight: 0.6, pattern: '${pattern}'}]
    restartKubelet: DoesNotHelp
    restartRuntime: DoesNotHelp
    recommendation: Look.
`;

describe('the causes of a program that runs', () => {
  test('are those of its file', async () => {
    const { own, errors, gauges } = await load(EXAMPLE);
    expect(own.causes.map(({ id }) => id)).toEqual(['acme-csi-node-plugin-hangs']);
    expect({ problem: own.problem, errors, gauges }).toEqual({ problem: undefined, errors: [], gauges: [1, 0] });
  });

  test('are none where there is no file, and nothing is wrong then', async () => {
    expect(await load(undefined)).toEqual({ own: { causes: [] }, errors: [], gauges: [0, 0] });
  });

  test.each([
    ['one that is gone', () => join(folder.path, 'absent'), /absent: .*ENOENT/],
    ['a folder', () => folder.path, /EISDIR/],
    ['one that is no YAML', () => file('ownCauses: ['), /own-causes\.yaml:1: /],
    ['an empty one', () => file(''), /own-causes\.yaml:1: /],
    ['bytes', () => file(Buffer.from([0xff, 0xfe, 0, 1, 2])), /own-causes\.yaml/],
    ['a list', () => file('- a'), /own-causes\.yaml:1: /],
    [
      'a billion of words',
      () =>
        file(
          `a: &a [x,x,x,x,x,x,x,x]\n${'b c d e f g h i'
            .split(' ')
            .map((name, at) => `${name}: &${name} [${`*${'abcdefgh'.charAt(at)},`.repeat(8)}]`)
            .join('\n')}`,
        ),
      /own-causes\.yaml/,
    ],
    ['one that is too long', () => file('#'.repeat(1_048_577)), /1048577 bytes/],
    [
      'a pattern that backtracks for ever',
      () => file(withPattern('(a)\\1')),
      /:5: ownCauses\[0\]\.signs\[0\]\.pattern: /,
    ],
  ])('are none where the file is %s, and the log says why', async (_, path, message) => {
    const { own, errors, gauges } = await load(path());
    expect(own.causes).toEqual([]);
    expect(own.problem).toMatch(message);
    expect(errors).toEqual([own.problem]);
    expect(gauges).toEqual([0, 1]);
  });

  test('have patterns that take time in proportion to the text', async () => {
    const { own } = await load(file(withPattern('(a+)+b')));
    const [sign] = own.causes[0]?.signs ?? [];
    if (sign?.kind !== 'log') throw new Error('it has no pattern');
    expect(cpuMs(() => 'a'.repeat(30_000).search(sign.pattern))).toBeLessThan(2_000);
  });
});
