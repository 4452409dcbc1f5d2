/** Commands of documents can be typed: bash reads them, and the plugin knows the words of its own. Running them is test/integration/docs. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { FILL, NOT_RUN, RUN_HERE, UNTIL_STOPPED } from '../../support/documents/cases.ts';
import { filled, headOf, isListedAsNotRun, programsOf, sessions } from '../../support/documents/commands.ts';
import { codeSpansOf, documents } from '../../support/documents/markdown.ts';
import { runOffline } from '../cli/cli-harness.ts';

const commands = sessions().flatMap((session) => session.commands);

/** What bash says of a text; empty: nothing. */
function bashSays(text: string): string {
  return spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr;
}

/** The words after `kubectl medic` in each simple command of a line. */
function wordsOfPlugin(text: string): readonly (readonly string[])[] {
  const lines = text.replaceAll('\\\n', ' ').replaceAll(/\s#.*$/gm, '');
  return lines
    .split(/\||&&|;|\n/)
    .map((one) => /^\s*kubectl[ -]medic\s+(.*?)(?:\s*>.*)?\s*$/.exec(one)?.[1])
    .filter((words) => words !== undefined)
    .map((words) => [...words.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? ''));
}

/** What the plugin's own parser objects to; undefined: nothing. It reaches no cluster and no process here. */
async function objection(words: readonly string[]): Promise<string | undefined> {
  const [verb = ''] = words;
  if (verb === 'diagnose') {
    // It would read what it is given.
    return await objection(['help', 'diagnose']).then(async () => {
      const { err } = await runOffline(['diagnose', '/none', ...words.filter((word) => word.startsWith('--'))]);
      return /unknown option/.exec(err)?.[0];
    });
  }
  try {
    const { err } = await runOffline(words);
    return err.includes('(--help says more)') ? err.split('\n')[0] : undefined;
  } catch (error) {
    // What the harness says in place of a cluster or a process: the words were understood.
    return /it (needs no cluster|reads no process)/.test(String(error)) ? undefined : String(error);
  }
}

test('the check itself sees what cannot be typed', async () => {
  expect(bashSays("echo 'open")).not.toBe('');
  expect(
    wordsOfPlugin("curl x | kubectl medic diagnose - --probe Timeout # why\nkubectl-medic show 'a b' > x"),
  ).toEqual([
    ['diagnose', '-', '--probe', 'Timeout'],
    ['show', 'a b'],
  ]);
  expect(await objection(['shwo', 'x'])).toContain("unknown command 'shwo'");
  expect(await objection(['show'])).toContain('missing required argument');
  expect(await objection(['status', '--wide'])).toContain("unknown option '--wide'");
  expect(await objection(['status', '-o', 'wide'])).toBeUndefined();
});

test('the head of a table that a document shows is known', () => {
  expect(headOf('NAME           NODE     NOT READY   AGE')).toEqual(['NAME', 'NODE', 'NOT READY', 'AGE']);
  expect(headOf('oncall (PagerDuty): taken')).toBeUndefined();
  expect(commands.find(({ at, text }) => at.startsWith('README.md') && text === 'kubectl get ki')?.head).toHaveLength(
    8,
  );
});

test('there are commands of each kind of source', () => {
  for (const source of ['README.md', 'docs/cli.md', 'docs/runbooks/', 'docs/faq.md', 'NOTES.txt', 'the summary of'])
    expect(commands.some(({ at }) => at.includes(source))).toBe(true);
});

test('bash reads each of them', () => {
  const wrong = commands.flatMap(({ text, at }) => {
    const says = bashSays(filled(text));
    return says === '' ? [] : [`${at}: ${text}: ${says}`];
  });
  expect(wrong).toEqual([]);
});

test('each is run by the integration test, or listed with a reason why not', () => {
  const neither = commands
    .filter((command) => !isListedAsNotRun(command))
    .filter(({ text }) => programsOf(text).some((program) => !RUN_HERE.includes(program)));
  expect(neither.map(({ at, text }) => `${at}: ${text}`)).toEqual([]);
  expect(programsOf("A=1 kubectl get x -o jsonpath='{a|b}' | jq . && rm -rf x # ; no\n")).toEqual([
    'kubectl',
    'jq',
    'rm',
  ]);
  expect(programsOf("kubectl apply -f - <<'EOF'\nkind: Pod\nEOF\nfor n in a b; do helm ls; done")).toEqual([
    'kubectl',
    'for',
    'helm',
  ]);
});

test('none leaves out what has to be typed', () => {
  expect(
    commands.filter(({ text }) => /(^|\s)\.\.\.(\s|$)/.test(text)).map(({ at, text }) => `${at}: ${text}`),
  ).toEqual([]);
});

const ofPlugin = [
  ...new Map(
    commands.flatMap(({ text, at }) =>
      wordsOfPlugin(filled(text)).map((words) => [words.join(' '), { at, words }] as const),
    ),
  ),
];

test.each(ofPlugin)('the plugin knows the words of %s', async (_words, { words }) => {
  expect(await objection(words)).toBeUndefined();
});

/** `kubectl medic history`, `kubectl medic evidence INCIDENT -o DIR`: names of commands, not always whole ones. */
const mentions = documents().flatMap(({ path, text }) =>
  codeSpansOf(text)
    .filter(({ text: span }) => /^kubectl[ -]medic [a-z]/.test(span))
    .map(({ text: span, line }) => [span, `${path}:${line}`] as const),
);

test.each(mentions.filter(([span]) => !span.includes('COMMAND')))(
  '%s (%s) is a command with these flags',
  async (span) => {
    const [verb = '', ...words] = span.replace(/^kubectl[ -]medic /, '').split(' ');
    const { code, out } = await runOffline([verb, '--help']);
    expect({ code, usage: out.includes(`kubectl medic ${verb}`) }).toEqual({ code: 0, usage: true });
    for (const word of words) {
      const [flag = ''] = /^--?[a-z][\w-]*/.exec(word.replace(/^\[/, '')) ?? [];
      if (flag !== '') expect(out).toMatch(new RegExp(`(^|[\\s,])${flag}[\\s,]`, 'm'));
    }
  },
);

test.each(UNTIL_STOPPED)('a document tells %s, which runs until it is interrupted', (one) => {
  expect(commands.some(({ text }) => one.test(text))).toBe(true);
});

describe('the table of what is not run', () => {
  test.each(NOT_RUN.map(({ begins, why }) => [begins, why] as const))(
    'has %s, which a document still tells',
    (begins, why) => {
      expect(commands.some(({ text }) => text.startsWith(begins))).toBe(true);
      expect(why.length).toBeGreaterThan(10);
    },
  );
});

test('each placeholder stands in some command', () => {
  const unused = FILL.filter(
    ({ placeholder, where }) =>
      !commands.some(
        ({ text }) =>
          new RegExp(`(?<![\\w-])${placeholder}(?!\\w)`).test(text) && (where === undefined || where.test(text)),
      ),
  );
  expect(unused.map(({ placeholder }) => placeholder)).toEqual([]);
});
