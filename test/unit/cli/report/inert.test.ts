/** Whatever stands in an incident, a report has the markup that the program wrote, and no other. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_REPORT, reportDocument } from '../../../../src/cli/report/document.ts';
import { html, link } from '../../../../src/cli/report/html.ts';
import { STYLE } from '../../../../src/cli/report/style.ts';
import { PAYLOADS, withTexts } from '../../../support/report/hostile.ts';
import { SCENARIOS } from '../../../support/report/scenarios.ts';
import { cases, IS_LONG } from '../../../support/sizes.ts';

const TAG =
  /<(?:!DOCTYPE html|\/?(?:html|head|meta|title|body|main|header|footer|section|div|span|p|h1|h2|h3|b|a|br|code|dl|dt|dd|ul|ol|li|table|thead|tbody|tr|th|td|time|figure|figcaption|svg|line|text|rect|circle)((?:\s+[a-zA-Z-]+(?:\d)?="[^"<>]*")*)\s*\/?)>/g;
const ATTRIBUTES = new Set(
  'lang charset http-equiv content name class id aria-labelledby role viewBox x y x1 x2 y1 y2 cx cy r rx width height datetime scope colspan title href rel'.split(
    ' ',
  ),
);

/** Of one text. A report has hundreds of them. */
const LONG = IS_LONG ? 1_048_576 : 131_072;

/** @returns what is wrong with it. */
function faultsOf(document: string): readonly string[] {
  const faults: string[] = [];
  const style = `<style>${STYLE}</style>`;
  if (document.split(style).length !== 2) faults.push('the style sheet is not there once');
  const body = document.replace(style, '');
  for (const [, attributes = ''] of body.matchAll(TAG)) {
    for (const [, name = '', value = ''] of attributes.matchAll(/([a-zA-Z-]+\d?)="([^"]*)"/g)) {
      if (!ATTRIBUTES.has(name)) faults.push(`attribute ${name}`);
      if (name === 'href' && !/^https:\/\//.test(value)) faults.push(`href ${value}`);
    }
  }
  const rest = body.replaceAll(TAG, '');
  const at = rest.search(/[<>]/);
  if (at >= 0) faults.push(`markup: ${rest.slice(at, at + 60)}`);
  const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.exec(body);
  if (unseen !== null) faults.push(`a character that is not seen: ${JSON.stringify(unseen[0])}`);
  return faults;
}

describe.each(Object.entries(SCENARIOS))('a report of an incident that is %s', (_name, make) => {
  test('has the markup of the program', () => {
    expect(faultsOf(reportDocument(make()))).toEqual([]);
  });

  test.each(PAYLOADS)('has no other with %j in each field', (payload) => {
    expect(faultsOf(reportDocument(withTexts(make(), () => payload, true)))).toEqual([]);
    expect(faultsOf(reportDocument(withTexts(make(), (text) => `${text}${payload}`, false)))).toEqual([]);
  });
});

test('no text leaves a trace of itself in the markup', () => {
  const pieces = fc.oneof(
    fc.constantFrom(...PAYLOADS),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 40 }),
  );
  const texts = fc.array(
    fc.array(pieces, { maxLength: 3 }).map((parts) => parts.join('')),
    { minLength: 1, maxLength: 8 },
  );
  const scenarios = fc.constantFrom(...Object.values(SCENARIOS));
  fc.assert(
    fc.property(texts, scenarios, fc.boolean(), (list, make, times) => {
      let next = 0;
      const planted = (): string => list[next++ % list.length] ?? '';
      expect(faultsOf(reportDocument(withTexts(make(), planted, times)))).toEqual([]);
    }),
    { numRuns: cases(60) },
  );
});

test.each(['<', '\u202e', '\u4e2d', "'", 'a\n'])(
  'a report is below its bound where each text is long, of %j',
  (unit) => {
    const long = unit.repeat(LONG / unit.length);
    for (const make of Object.values(SCENARIOS)) {
      const whole = make();
      const { status } = whole.incident;
      const many = <T>(list: readonly T[] | undefined, count: number): T[] =>
        list === undefined || list.length === 0 ? [] : Array.from({ length: count }, (_, i) => list[i % list.length]!);
      const full = {
        ...whole,
        incident: {
          ...whole.incident,
          status: {
            ...status,
            steps: many(status.steps, 32),
            actions: many(status.actions, 32),
            evidence: many(status.evidence, 64),
            ...(status.diagnosis === undefined
              ? {}
              : {
                  diagnosis: {
                    ...status.diagnosis,
                    evidence: many(['x'], 32),
                    others: many(['x'], 32),
                    references: many(['https://example.com'], 16),
                  },
                }),
          },
        },
      };
      // One string for all: what is copied is small.
      const document = reportDocument(withTexts(full, () => long, false));
      expect(Buffer.byteLength(document)).toBeLessThan(MAX_REPORT);
    }
  },
);

describe('html', () => {
  test('escapes what is put into it, and not what it made', () => {
    expect(html`<p title="${'"&\'`'}">${html`<b>${'<i>'}</b>`}${[html`x`]}${undefined}${3}</p>`.markup).toBe(
      '<p title="&quot;&amp;&#39;&#96;"><b>&lt;i&gt;</b>x3</p>',
    );
  });

  test.each([
    'javascript:alert(1)',
    'http://example.com',
    'https://exa\u202emple.com',
    'https://x y',
    'data:text/html,x',
    '//x',
    '',
  ])('makes no link of %j', (address) => {
    expect(link(address).markup).not.toContain('href');
  });

  test('makes a link of https, and shows where it leads', () => {
    expect(link('https://example.com/a?b=1&c').markup).toBe(
      '<a rel="noopener noreferrer" href="https://example.com/a?b=1&amp;c">https://example.com/a?b=1&amp;c</a>',
    );
  });
});
