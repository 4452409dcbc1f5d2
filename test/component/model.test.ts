/** The guarantees of docs/safety.md, in random worlds and in disturbed stories; `npm run model` does more of both. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { GUARDS, sourceWithout } from '../model/guards.ts';
import { differenceAt, pointsOf, STORIES, tellStory } from '../model/perturb.ts';
import { anyWorldKeepsThem, quietWorldKeepsThem } from '../model/run.ts';
import { cases, IS_LONG } from '../support/sizes.ts';

const LIMIT_MS = 600_000;
/** One of so many points, begun at another one for each story. */
const EACH = IS_LONG ? 16 : 32;

// Stacks of errors that are part of the game cost more than the game.
const depth = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = depth;
});

describe('whatever happens to a cluster', () => {
  test(
    'no guarantee is broken, and all comes to its end',
    async () => {
      await fc.assert(anyWorldKeepsThem(6), { numRuns: cases(32), seed: 2026 });
    },
    LIMIT_MS,
  );

  test(
    'where only nodes are ill, no incident is written more than twenty times',
    async () => {
      await fc.assert(quietWorldKeepsThem(4), { numRuns: cases(16), seed: 2026 });
    },
    LIMIT_MS,
  );
});

test.each(Object.entries(GUARDS))('the guard %s is there to be taken away', (_, guard) => {
  expect(sourceWithout(guard)).toContain(guard.instead);
});

describe('a story that is disturbed at one point', () => {
  test.each(STORIES.map((fault, index) => ({ fault, index })))(
    'ends as it ends undisturbed: $fault',
    async ({ fault, index }) => {
      const undisturbed = await tellStory(fault);
      expect(undisturbed.end).toMatchObject({ outcome: 'Recovered', isCordoned: false });
      const points = pointsOf(undisturbed);
      expect(points.length).toBeGreaterThan(100);
      for (const point of points.filter((_, at) => at % EACH === (index * EACH) / 2)) {
        expect(await differenceAt(fault, point, undisturbed.end)).toBeUndefined();
      }
    },
    LIMIT_MS,
  );
});
