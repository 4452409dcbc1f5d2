import { describe, expect, test } from '@jest/globals';
import { createSystemClock } from '../../../src/platform/clock.ts';
import { createSystemRandom } from '../../../src/platform/random.ts';

const clock = createSystemClock();

describe('the clock of the machine', () => {
  test('sleeps for about as long as it is asked to', async () => {
    const start = clock.monotonic();
    await clock.sleep(20, new AbortController().signal);
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(19);
  });

  test('wakes at once, with the reason, when the signal ends the sleep', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
  });

  test('does not sleep at all where the signal has ended before', async () => {
    await expect(clock.sleep(60_000, AbortSignal.abort('why'))).rejects.toMatchObject({ cause: 'why' });
  });

  test('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const counted = {
      aborted: false,
      reason: undefined,
      addEventListener: (...args: Parameters<AbortSignal['addEventListener']>): void => {
        listeners++;
        signal.addEventListener(...args);
      },
      removeEventListener: (...args: Parameters<AbortSignal['removeEventListener']>): void => {
        listeners--;
        signal.removeEventListener(...args);
      },
    } as AbortSignal;
    await clock.sleep(1, counted);
    expect(listeners).toBe(0);
  });

  test('a sleep longer than a timer can be does not end at once', async () => {
    const controller = new AbortController();
    let awake = false;
    const sleep = clock.sleep(1e12, controller.signal).then(() => {
      awake = true;
    });
    await clock.sleep(10, new AbortController().signal);
    expect(awake).toBe(false);
    controller.abort(new Error('over'));
    await expect(sleep).rejects.toThrow('over');
  });
});

test('chance is from 0 to 1', () => {
  const random = createSystemRandom();
  const drawn = Array.from({ length: 1_000 }, () => random.next());
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(new Set(drawn).size).toBeGreaterThan(990);
});
