/** An attack by somebody who has a token, and how it ends. */
import { expect } from '@jest/globals';
import { failure } from '../../contract/subject.ts';

/** `words`: of the refusal. */
export type Attack = readonly [what: string, attack: () => Promise<unknown>, words: string];

export async function expectRefused(work: Promise<unknown>, words = ''): Promise<void> {
  const error = await failure(work);
  expect([error.class, error.message]).toEqual(['denied', expect.stringContaining(words)]);
}
