/** `diagnose --catalogue FILE`: causes of the user's own. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { linearPattern } from '../../../src/platform/own-causes/linear-pattern.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { createTempFolder } from '../../support/temp-folder.ts';
import { runOffline } from './cli-harness.ts';

const EXAMPLE = new URL('../../../examples/values/own-causes.yaml', import.meta.url).pathname;
const LINE = (at: string): string =>
  `E1124 10:${at}:31.514715     95 csi_attacher.go:350] attacher for csi.acme.example failed: context deadline exceeded\n`;
const LOG = LINE('08') + LINE('09') + LINE('10');

const folder = createTempFolder();

const file = folder.write;

interface Verdict {
  readonly cause: string;
  readonly class: string;
  readonly confidence: string;
  readonly recommendation: string;
  readonly evidence: readonly string[];
}

async function verdictOf(log: string, ...flags: readonly string[]): Promise<Verdict> {
  const { out } = await runOffline(['diagnose', file('kubelet.log', log), '-o', 'json', ...flags]);
  return (JSON.parse(out) as { readonly verdict: Verdict }).verdict;
}

const cause = (part: string): string => `ownCauses:
  - id: ours
    class: Storage
    summary: Ours.
${part}
    restartKubelet: DoesNotHelp
    restartRuntime: DoesNotHelp
    recommendation: Look.
`;
const withPattern = (pattern: string): string =>
  cause(`    signs:\n      - {kind: log, weight: 0.6, pattern: '${pattern}'}`);

describe('a cause of the user', () => {
  test('is found, with its own words and the lines that say it', async () => {
    expect(await verdictOf(LOG, '--catalogue', EXAMPLE)).toMatchObject({
      cause: 'acme-csi-node-plugin-hangs',
      class: 'Storage',
      recommendation: 'Restart the pod of the node plugin (runbook STOR-12).',
      evidence: expect.arrayContaining([expect.stringContaining('csi.acme.example')]),
    });
  });

  test('is not found without its file, nor where it is said less often than it asks for', async () => {
    expect((await verdictOf(LOG)).cause).not.toBe('acme-csi-node-plugin-hangs');
    expect((await verdictOf(LINE('08'), '--catalogue', EXAMPLE)).cause).not.toBe('acme-csi-node-plugin-hangs');
  });

  test('is found among thousands of other lines, by words that no cause of the catalogue is told by', async () => {
    const path = file('own.yaml', withPattern('frobnicator .* wedged'));
    const noise = 'I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]\n';
    const log = `${noise.repeat(40_000)}W1124 10:08:32.514715     95 a.go:1] frobnicator 7 is wedged\n${noise.repeat(10)}`;
    expect((await verdictOf(log, '--catalogue', path)).cause).toBe('ours');
  });

  test('changes nothing of what the catalogue says', async () => {
    const log = `E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n`;
    expect(await verdictOf(log, '--catalogue', EXAMPLE)).toEqual(await verdictOf(log));
  });
});

describe('a pattern', () => {
  test.each(['a[^\\n"]*b', 'a[^"\\n]b', 'a[^\\s]b', 'a[\\w.-]b', 'a\\[b', 'a\\d.*b'])(
    '%s stays within a line',
    async (pattern) => {
      const path = file('own.yaml', withPattern(pattern.replace('a', 'frobnicator ')));
      const { code, err } = await runOffline(['diagnose', file('kubelet.log', LOG), '--catalogue', path]);
      expect({ code, err }).not.toMatchObject({ code: 2 });
    },
  );

  test.each(['(?s:a.*b)', 'a\\x0ab', 'a\\u000ab', 'a\\cJb', 'a\\012b', 'a[\\t-~]b', 'a[!-~\\v-\\r]b'])(
    '%s, which says a newline in other words, is refused',
    async (pattern) => {
      const path = file('own.yaml', withPattern(pattern));
      const { err } = await runOffline(['diagnose', file('kubelet.log', LOG), '--catalogue', path]);
      expect(err).toMatch(/own\.yaml:6: ownCauses\[0\]\.signs\[0\]\.pattern: it could match a newline/);
    },
  );

  test.each(['a[^"]*b', 'a\\nb', 'a\\Wb', 'a\\Db', 'a[\\s]b', 'a[x\\S]b', 'a[^]b', 'a[^\\\\n]b'])(
    '%s, which could match a newline, is refused',
    async (pattern) => {
      const path = file('own.yaml', withPattern(pattern));
      const { err } = await runOffline(['diagnose', file('kubelet.log', LOG), '--catalogue', path]);
      expect(err).toMatch(/own\.yaml:6: ownCauses\[0\]\.signs\[0\]\.pattern: it could match a newline/);
    },
  );

  test('is one of 32 at most, since each is one more pass over each log', async () => {
    const signs = Array.from({ length: 11 }, (_, at) => `      - {kind: log, weight: 0.6, pattern: 'x${String(at)}'}`);
    const one = cause(`    signs:\n${signs.join('\n')}`);
    const more = [2, 3].map((at) => one.replace('ownCauses:\n', '').replace('id: ours', `id: ours-${String(at)}`));
    const path = file('own.yaml', one + more.join(''));
    const { err } = await runOffline(['diagnose', file('kubelet.log', LOG), '--catalogue', path]);
    expect(err).toMatch(/own\.yaml:2: ownCauses: 33 patterns, of 32 at most/);
  });
});

describe('a file that is wrong', () => {
  test.each<[string, string, RegExp]>([
    ['no YAML', 'ownCauses: [', /own\.yaml:1: /],
    ['a field that there is not', cause(`    signs: []\n    sign: 1`), /own\.yaml:2: ownCauses\[0\]: .*sign/],
    ['no sign', cause('    signs: []'), /own\.yaml:5: ownCauses\[0\]\.signs: /],
    ['a class that there is not', withPattern('x').replace('Storage', 'Disk'), /own\.yaml:3: ownCauses\[0\]\.class: /],
    [
      'the class of a node that is well',
      withPattern('x').replace('Storage', 'Healthy'),
      /own\.yaml:3: ownCauses\[0\]\.class: /,
    ],
    [
      'a name of the catalogue',
      withPattern('x').replace('id: ours', 'id: runtime-hung'),
      /:2: .*is a cause of the catalogue/,
    ],
    [
      'a name that is none',
      withPattern('x').replace('id: ours', 'id: Our Cause'),
      /:2: ownCauses\[0\]\.id: kebab-case/,
    ],
    ['a weight of certainty', withPattern('x').replace('0.6', '1'), /:6: ownCauses\[0\]\.signs\[0\]\.weight: /],
    ['a pattern that is none', withPattern('('), /:6: ownCauses\[0\]\.signs\[0\]\.pattern: Invalid regular expression/],
    ['a pattern that looks back', withPattern('(a)\\1'), /pattern: .*linear time/],
    ['a pattern that spans lines', withPattern('a\\sb'), /pattern: it could match a newline/],
    ['a pattern that matches every line', withPattern('x*'), /pattern: it matches every line/],
    [
      'only support',
      withPattern('x').replace('weight: 0.6', 'weight: 0.6, support: true'),
      /:6: .*none of them counts alone/,
    ],
    [
      'a cause that it explains and that there is not',
      cause('    explains: [nothing]\n    signs: [{kind: probe, weight: 0.6, states: [Timeout]}]'),
      /:5: .*there is no cause nothing/,
    ],
  ])('%s: told by its line', async (_, content, message) => {
    const { code, err, out } = await runOffline([
      'diagnose',
      file('kubelet.log', LOG),
      '--catalogue',
      file('own.yaml', content),
    ]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  test('that is not there: told by its name', async () => {
    const { code, err } = await runOffline([
      'diagnose',
      file('kubelet.log', LOG),
      '--catalogue',
      join(folder.path, 'absent'),
    ]);
    expect(code).toBe(2);
    expect(err).toContain('absent');
  });
});

test('a pattern that would backtrack for ever takes time in proportion to the text', () => {
  const pattern = linearPattern('(a+)+$');
  expect(cpuMs(() => `${'a'.repeat(30_000)}b`.search(pattern))).toBeLessThan(2_000);
});
