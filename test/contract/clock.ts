/** Whose clock is right. */
import { expect, test } from '@jest/globals';
import { NODES } from '../../src/api/resources.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { realClock } from '../support/real-time.ts';
import { failure, type ClusterUnderTest } from './subject.ts';

/** Half a second of the header, half of the longest round trip that counts. */
const ERROR_MS = 1_500;

export function describeClock(env: () => ClusterUnderTest): void {
  const off = (aheadMs: () => number): Clock => ({ ...realClock, now: () => realClock.now() + aheadMs() });
  const within = (actual: number | undefined, expected: number): void => {
    expect(Math.abs((actual ?? Number.NaN) - expected)).toBeLessThanOrEqual(ERROR_MS);
  };

  test.each([0, 100_000, -7_200_000])('a client that is %d ms ahead of the server knows it', async (aheadMs) => {
    const cluster = env().cluster(
      'admin',
      off(() => aheadMs),
    );
    expect(cluster.clockAheadMs()).toBeUndefined();
    await cluster.list(NODES);
    within(cluster.clockAheadMs(), aheadMs);
  });

  test('a refusal tells it too, and a jump of our own clock shows before the next answer', async () => {
    let aheadMs = 0;
    const cluster = env().cluster(
      'nobody',
      off(() => aheadMs),
    );
    await failure(cluster.list(NODES));
    within(cluster.clockAheadMs(), 0);
    aheadMs = 60_000;
    within(cluster.clockAheadMs(), 60_000);
  });

  test("a kubelet's answer through the node proxy tells nothing: its date is the node's", async () => {
    const cluster = env().cluster('admin');
    const answer = await cluster.proxyNode(env().node, '/echo', { maxBytes: 100 });
    expect([answer.status, cluster.clockAheadMs()]).toEqual([200, undefined]);
  });
}
