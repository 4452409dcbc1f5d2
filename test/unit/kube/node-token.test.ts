import { beforeEach, expect, test } from '@jest/globals';
import type { Connection } from '../../../src/kube/connection/connection.ts';
import { type IssuedToken, withNodeToken } from '../../../src/kube/connection/node-token.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { createRecordingLog, type RecordingLog } from '../../support/builders/recording.ts';
import { createFakeClock, type FakeClock } from '../../support/clock.ts';

const HOUR_MS = 3_600_000;

let clock: FakeClock;
let log: RecordingLog;
/** The text of the projected file; undefined: it is gone. */
let file: string | undefined;
/** What the API server answers to each request for a token, in order; the last one to all that follow. */
let answers: (IssuedToken | MedicError)[];
let asked: number;

const pod: Connection = {
  server: 'https://h:1',
  tls: () => Promise.resolve({}),
  authorization: () =>
    file === undefined
      ? Promise.reject(new MedicError('E_KUBE_CONFIG', 'transient', 'cannot read token'))
      : Promise.resolve(`Bearer ${file}`),
};

function request(): Promise<IssuedToken> {
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  asked += 1;
  if (answer instanceof MedicError) return Promise.reject(answer);
  return answer === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(answer);
}

const issued = (token: string): IssuedToken => ({ token, lifeMs: 24 * HOUR_MS });
const denied = (words: string): MedicError => new MedicError('E_KUBE_DENIED', 'denied', words);

/** A connection that has made its first request. */
async function connected(): Promise<Connection> {
  const connection = withNodeToken(pod, { request, clock, log });
  await connection.authorization();
  await clock.settle();
  return connection;
}

beforeEach(() => {
  clock = createFakeClock();
  log = createRecordingLog();
  file = 'pod-1';
  answers = [issued('node-1'), issued('node-2')];
  asked = 0;
});

test('the token of the pod is used as long as it is taken', async () => {
  const connection = await connected();
  await clock.advance(HOUR_MS);
  expect(await connection.authorization()).toBe('Bearer pod-1');
  file = 'pod-2';
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer pod-2');
  expect(await connection.authorization()).toBe('Bearer pod-2');
});

test('a refused one is followed by the one of the node, and said once', async () => {
  const connection = await connected();
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer node-1');
  expect(await connection.authorization()).toBe('Bearer node-1');
  // A request that was on its way with the same one.
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer node-1');
  expect(log.entries.map(({ message }) => message)).toEqual(['The token of the pod is refused']);
});

test('a pod whose token is no more on the disk goes on with the one of the node', async () => {
  const connection = await connected();
  file = undefined;
  expect(await connection.authorization()).toBe('Bearer node-1');
});

test('without a token of the node a file that is gone is an error, as it was', async () => {
  answers = [denied('forbidden')];
  const connection = await connected();
  file = undefined;
  await expect(connection.authorization()).rejects.toMatchObject({ code: 'E_KUBE_CONFIG' });
});

test('a token that the kubelet has renewed is tried at once', async () => {
  const connection = await connected();
  await connection.authorization('Bearer pod-1');
  file = 'pod-2';
  expect(await connection.authorization()).toBe('Bearer pod-2');
});

test('a refused one is tried again every ten minutes: an API server may have been wrong', async () => {
  const connection = await connected();
  await connection.authorization('Bearer pod-1');
  await clock.advance(599_000);
  expect(await connection.authorization()).toBe('Bearer node-1');
  await clock.advance(1_000);
  expect(await connection.authorization()).toBe('Bearer pod-1');
});

test('where both are refused the pod’s is sent, and none of the node is asked for with it', async () => {
  const connection = await connected();
  await connection.authorization('Bearer pod-1');
  expect(await connection.authorization('Bearer node-1')).toBe('Bearer pod-1');
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer pod-1');
  await clock.advance(300_000);
  await connection.authorization();
  expect(asked).toBe(1);
});

test('it is renewed at half of its life, whatever the wall clock says', async () => {
  const connection = await connected();
  clock.jump(20 * HOUR_MS);
  await clock.advance(12 * HOUR_MS - 1);
  await connection.authorization();
  expect(asked).toBe(1);
  await clock.advance(1);
  await connection.authorization();
  await connection.authorization();
  await clock.settle();
  expect(asked).toBe(2);
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer node-2');
});

test('a token that lives for no time is not asked for with each request', async () => {
  answers = [{ token: 'node-1', lifeMs: 1 }];
  const connection = await connected();
  await clock.advance(59_000);
  await connection.authorization();
  expect(asked).toBe(1);
});

test.each([
  ['refuses', denied('forbidden'), 10 * 60_000],
  ['is older, and binds to no Node', new MedicError('E_KUBE_INVALID', 'invalid', 'cannot bind'), 10 * 60_000],
  ['is away', new MedicError('E_KUBE_UNREACHABLE', 'transient', 'no connection'), 30_000],
])('an API server that %s is asked again later, and it is said once', async (_what, error, againMs) => {
  answers = [error, error, issued('node-1')];
  const connection = await connected();
  await clock.advance(againMs - 1);
  expect(await connection.authorization()).toBe('Bearer pod-1');
  expect(asked).toBe(1);
  await clock.advance(1);
  await connection.authorization();
  await clock.settle();
  expect(asked).toBe(2);
  expect(log.entries.map(({ message }) => message)).toEqual(['There is no token that outlives the pod']);
  expect(await connection.authorization('Bearer pod-1')).toBe('Bearer pod-1');
});
