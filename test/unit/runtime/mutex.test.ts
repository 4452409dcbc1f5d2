import { expect, test } from '@jest/globals';
import { createMutex } from '../../../src/runtime/mutex.ts';

test('work is done one at a time in the order of the calls, and goes on after a failure', async () => {
  const mutex = createMutex();
  const seen: string[] = [];
  const first = Promise.withResolvers<string>();
  const a = mutex(() => {
    seen.push('a');
    return first.promise;
  });
  const b = mutex(() => {
    seen.push('b');
    return Promise.reject(new Error('b fails'));
  });
  const c = mutex(() => {
    seen.push('c');
    return Promise.resolve('done');
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['a']);
  first.resolve('first');
  expect(await a).toBe('first');
  await expect(b).rejects.toThrow('b fails');
  expect(await c).toBe('done');
  expect(seen).toEqual(['a', 'b', 'c']);
});
