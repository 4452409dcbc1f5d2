import { describe, expect, test } from '@jest/globals';
import { redact } from '../../../src/core/redaction/redact.ts';
import { CODES, KEY_BODY, KEYS, NEUTRAL, PASSWORD, PLACES, TOKENS } from './planted.ts';

/** Parts of the secret that are seen in the text. */
function leftOf(secret: string, text: string): string | undefined {
  const { text: clean, count } = redact(text);
  return clean.includes(secret) || count === 0 ? clean : undefined;
}

describe('of secrets that are planted nothing is left', () => {
  const places = PLACES.map((place) => ({ place, text: place.replace('§', () => PASSWORD) }));

  test('there are 250 of them, and more', () => {
    expect(TOKENS.length * NEUTRAL.length + PLACES.length + CODES.length * TOKENS.length + KEYS.length).toBeGreaterThan(
      250,
    );
  });

  test.each(places)('in the place $place', ({ text }) => {
    expect(leftOf(PASSWORD, text)).toBeUndefined();
    expect(leftOf(PASSWORD, `E1124 13:26:42.770426 1 a.go:222] ${text}\nnext line`)).toBeUndefined();
  });

  test.each(TOKENS)('told by its look: %s', (token) => {
    for (const line of NEUTRAL)
      expect(
        leftOf(
          token,
          line.replace('§', () => token),
        ),
      ).toBeUndefined();
  });

  test.each(CODES)('in %s', (_what, code) => {
    for (const line of NEUTRAL) {
      for (const text of [`password=${PASSWORD}`, ...TOKENS.slice(0, 10)]) {
        const coded = code(text);
        expect(
          leftOf(
            coded,
            line.replace('§', () => coded),
          ),
        ).toBeUndefined();
      }
    }
  });

  test.each(KEYS.map((key, n) => [n, key] as const))('in key %d', (_n, key) => {
    const { text } = redact(key);
    for (const line of KEY_BODY) if (key.includes(line)) expect(text).not.toContain(line);
  });

  test('in one text with all others', () => {
    const { text } = redact(places.map((place) => place.text).join('\n'));
    expect(text).not.toContain(PASSWORD);
  });
});
