import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Limit, untilAborted, withDeadline } from '../../../src/runtime/deadline.ts';
import { createFakeClock, type FakeClock } from '../../support/clock.ts';

const LIMIT: Limit = { ms: 5_000, code: 'E_AGENT_DEADLINE', what: 'the boot id' };
let clock: FakeClock;
let unhandled: unknown[];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(() => {
  clock = createFakeClock();
  unhandled = [];
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
});

/** How a promise has ended by now. */
function watch(promise: Promise<unknown>): { readonly end: () => unknown } {
  let end: unknown = 'waits';
  promise.then(
    (value) => (end = value),
    (error: unknown) => (end = error),
  );
  return { end: () => end };
}

describe('a deadline', () => {
  test('abandons work that ignores its signal, at the limit and not before, with the signal aborted', async () => {
    let signal: AbortSignal | undefined;
    const { end } = watch(
      withDeadline(clock, LIMIT, undefined, (inner) => {
        signal = inner;
        return new Promise(() => undefined);
      }),
    );
    await clock.advance(4_999);
    expect([end(), signal?.aborted]).toEqual(['waits', false]);
    await clock.advance(1);
    expect(end()).toMatchObject({
      code: 'E_AGENT_DEADLINE',
      class: 'transient',
      message: 'the boot id: no answer within 5s',
    });
    expect(signal?.reason).toBe(end());
  });

  test('gives what the work gives, and leaves its signal as it is: a stream lives on', async () => {
    let signal: AbortSignal | undefined;
    const { end } = watch(
      withDeadline(clock, LIMIT, undefined, async (inner) => {
        signal = inner;
        await clock.sleep(4_000, inner);
        return 'a stream';
      }),
    );
    await clock.advance(60_000);
    expect([end(), signal?.aborted]).toEqual(['a stream', false]);
  });

  test('throws what the work throws, and ends what the work has left running', async () => {
    const failure = new Error('no');
    let signal: AbortSignal | undefined;
    const { end } = watch(
      withDeadline(clock, LIMIT, undefined, async (inner) => {
        signal = inner;
        await clock.sleep(1_000, inner);
        throw failure;
      }),
    );
    await clock.advance(1_000);
    expect([end(), signal?.reason]).toEqual([failure, failure]);
  });

  test.each(['its result', 'its failure'])('drops what comes late: %s', async (late) => {
    const work = Promise.withResolvers<string>();
    const { end } = watch(withDeadline(clock, LIMIT, undefined, () => work.promise));
    await clock.advance(5_000);
    if (late === 'its result') work.resolve('late');
    else work.reject(new Error('late'));
    await clock.settle();
    expect(end()).toMatchObject({ code: 'E_AGENT_DEADLINE' });
    expect(unhandled).toEqual([]);
  });

  test.each([
    ['ignores it', (): Promise<string> => new Promise(() => undefined)],
    [
      'answers it with a failure of its own',
      (signal: AbortSignal): Promise<string> =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('cancelled'));
          });
        }),
    ],
    [
      'answers it with a result',
      (signal: AbortSignal): Promise<string> =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve('cut short');
          });
        }),
    ],
  ])("ends with the caller's signal and its reason, where the work %s", async (_name, work) => {
    const caller = new AbortController();
    const { end } = watch(withDeadline(clock, LIMIT, caller.signal, work));
    await clock.advance(1_000);
    const reason = new Error('the agent stops');
    caller.abort(reason);
    await clock.settle();
    expect(end()).toBe(reason);
    await clock.advance(10_000);
    expect(unhandled).toEqual([]);
  });

  test('does not begin where the caller has stopped already', async () => {
    const reason = new Error('the agent stops');
    const work = (): Promise<never> => Promise.reject(new Error('it has begun'));
    await expect(withDeadline(clock, LIMIT, AbortSignal.abort(reason), work)).rejects.toBe(reason);
  });
});

test('work that cannot be ended is waited for no longer than the signal', async () => {
  const caller = new AbortController();
  const work = Promise.withResolvers<string>();
  const { end } = watch(untilAborted(caller.signal, work.promise));
  await clock.settle();
  expect(end()).toBe('waits');
  const reason = new Error('the agent stops');
  caller.abort(reason);
  await clock.settle();
  expect(end()).toBe(reason);
  work.reject(new Error('late'));
  await clock.settle();
  expect(unhandled).toEqual([]);
});
