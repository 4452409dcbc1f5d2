import { expect, test } from '@jest/globals';
import { createServerClock } from '../../../src/kube/connection/server-clock.ts';
import { createFakeClock } from '../../support/clock.ts';

const TEN = Date.parse('2026-11-24T10:00:00Z');
const header = (ms: number): string => new Date(ms).toUTCString();

test('the middle of request and answer is compared with the middle of the second that the header names', async () => {
  const clock = createFakeClock(TEN);
  const server = createServerClock(clock);
  expect(server.aheadMs()).toBeUndefined();
  const answered = server.ask();
  await clock.advance(1_000);
  answered(header(TEN));
  expect(server.aheadMs()).toBe(0);
});

test('an answer that took more than two seconds does not count, and the newest quick one does', async () => {
  const clock = createFakeClock(TEN + 500);
  const server = createServerClock(clock);
  const slow = server.ask();
  server.ask()(header(TEN - 40_000));
  await clock.advance(2_001);
  slow(header(TEN));
  expect(server.aheadMs()).toBe(40_000);
  const quick = server.ask();
  await clock.advance(2_000);
  quick(header(TEN + 3_000));
  expect(server.aheadMs()).toBe(1);
});

test('a jump of our own clock shows at once, and time that goes by is no jump', async () => {
  const clock = createFakeClock(TEN + 500);
  const server = createServerClock(clock);
  server.ask()(header(TEN));
  await clock.advance(3_600_000);
  expect(server.aheadMs()).toBe(0);
  clock.jump(100_000);
  expect(server.aheadMs()).toBe(100_000);
  clock.jump(-250_000);
  expect(server.aheadMs()).toBe(-150_000);
});

test.each([undefined, '', 'soon'])('an answer whose date is %j tells nothing', (date) => {
  const server = createServerClock(createFakeClock(TEN));
  server.ask()(date);
  expect(server.aheadMs()).toBeUndefined();
});
