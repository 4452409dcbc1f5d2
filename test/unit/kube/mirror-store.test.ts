import { expect, test } from '@jest/globals';
import { createMirrorStore, type MirrorStore } from '../../../src/kube/mirror-store.ts';
import { tryParse } from '../../../src/kube/parsed.ts';
import { SECRETS } from '../../support/secrets.ts';

type Secret = ReturnType<typeof SECRETS.parse>;

function create(): MirrorStore<Secret> {
  return createMirrorStore<Secret>((error) => {
    throw error;
  });
}

function raw(namespace: string, uid: string, data: unknown = {}): unknown {
  return { metadata: { name: 'a', namespace, uid, resourceVersion: uid }, data };
}

function put(store: MirrorStore<Secret>, object: unknown): void {
  store.set(tryParse(SECRETS, object));
}

test('a malformed object takes nothing from one of the same name in another namespace', () => {
  const store = create();
  put(store, raw('x', '1'));
  put(store, raw('y', '2'));
  put(store, raw('y', '2', 7));
  Array.from(store.replacing({ items: [], malformed: store.malformed() }));
  expect(store.list().map(({ metadata }) => metadata.namespace)).toEqual(['y']);
});

test('the good copy of an object that is gone is not one of a malformed object that has taken its name', () => {
  const store = create();
  const gone: string[] = [];
  store.onChange((current, previous) => gone.push(`${previous?.metadata.uid} ${current?.metadata.uid}`));
  put(store, raw('x', '1'));
  put(store, raw('x', '2', 7));
  expect([store.list(), store.malformed().length, gone]).toEqual([[], 1, ['undefined 1', '1 undefined']]);
});

test('what a new list no longer has is gone, good or malformed', () => {
  const store = create();
  put(store, raw('x', '1'));
  put(store, raw('y', '2', 7));
  Array.from(store.replacing({ items: [], malformed: [] }));
  expect([store.list(), store.malformed()]).toEqual([[], []]);
});
