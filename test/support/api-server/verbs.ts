/** Create, update, patch, apply and delete, with the rules that a real API server puts on each. */
import { randomUUID } from 'node:crypto';
import { applyObject } from './apply.ts';
import {
  isEqual,
  isObject,
  listAt,
  objectAt,
  textAt,
  without,
  type Json,
  type JsonObject,
  type StoredObject,
} from './json.ts';
import type { ServedKind } from './kinds.ts';
import {
  compare,
  isSameOwnership,
  ownableFields,
  ownAfterUpdate,
  readOwned,
  writeOwned,
  type Owned,
  type Owner,
} from './managed-fields.ts';
import { jsonPatch, mergePatch } from './patches.ts';
import { alreadyExists, badRequest, conflict, invalid, notFound } from './status.ts';
import type { ObjectStore } from './store.ts';
import { pruneAndDefault, validate } from './validate.ts';

export interface Target {
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: '' | 'status';
}

export interface Verbs {
  create(kind: ServedKind, namespace: string | undefined, body: JsonObject, manager: string): StoredObject;
  update(target: Target, body: JsonObject, manager: string): StoredObject;
  patch(target: Target, patch: Json, how: { readonly manager: string; readonly type: 'json' | 'merge' }): StoredObject;
  apply(target: Target, config: JsonObject, how: { readonly manager: string; readonly force: boolean }): StoredObject;
  remove(target: Target, preconditions: JsonObject): StoredObject;
}

/** @param uid gives each new object its UID. */
export function createVerbs(store: ObjectStore, now: () => number, uid: () => string = randomUUID): Verbs {
  const time = (): string => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z');

  function live(target: Target): StoredObject {
    const object = store.get(target.kind, target.namespace, target.name);
    if (object === undefined) throw notFound(target.kind, target.name);
    return object;
  }

  /** Prunes, defaults, validates, and stores if something has changed. */
  function write(target: Target, old: StoredObject, next: JsonObject, owned: readonly Owned[]): StoredObject {
    const { kind, subresource } = target;
    const admitted = admit(kind, next, old);
    const grown = kind.custom && subresource === '' && !isEqual(generational(admitted), generational(old));
    const generation = Number(old.metadata['generation'] ?? 0) + (grown ? 1 : 0);
    const unchanged = isEqual(comparable(admitted), comparable(old)) && isSameOwnership(owned, readOwned(old));
    if (unchanged) return old;
    const metadata = {
      ...objectAt(admitted, 'metadata'),
      ...serverMetadata(old),
      ...(kind.custom ? { generation } : {}),
      managedFields: writeOwned(owned, kind.apiVersion),
    };
    const stored = store.put(kind, { ...admitted, apiVersion: kind.apiVersion, kind: kind.kind, metadata });
    return finishDeletion(kind, stored);
  }

  /** A deleted object goes when its last finalizer does. */
  function finishDeletion(kind: ServedKind, object: StoredObject): StoredObject {
    const finalizers = object.metadata['finalizers'];
    const isLeft = Array.isArray(finalizers) && finalizers.length > 0;
    if (object.metadata['deletionTimestamp'] !== undefined && !isLeft) vanish(kind, object);
    return object;
  }

  function vanish(kind: ServedKind, object: StoredObject): void {
    store.remove(kind, object);
    for (const orphan of orphansOf(store, object.metadata.uid)) vanish(orphan.kind, orphan.object);
  }

  function update(target: Target, body: JsonObject, manager: string): StoredObject {
    const { kind, name, subresource } = target;
    const old = live(target);
    assertPreconditions(target, old, objectAt(body, 'metadata'));
    const next = combine(kind, old, body, subresource);
    const admitted = admit(kind, next, old);
    const difference = compare(ownableFields(old, kind.schema), ownableFields(admitted, kind.schema));
    const owner: Owner = { manager, operation: 'Update', subresource };
    if (textAt(objectAt(body, 'metadata'), 'name') !== name) throw badRequest('the name of the object does not match');
    return write(target, old, admitted, ownAfterUpdate(readOwned(old), owner, difference, time()));
  }

  function create(kind: ServedKind, namespace: string | undefined, body: JsonObject, manager: string): StoredObject {
    const isTaken = (name: string): boolean => store.get(kind, namespace, name) !== undefined;
    const name = nameFor(kind, body, isTaken);
    if (isTaken(name)) throw alreadyExists(kind, name);
    const admitted = admit(kind, kind.custom ? without(body, 'status') : body, undefined, name);
    const owner: Owner = { manager, operation: 'Update', subresource: '' };
    const difference = compare(new Map(), ownableFields(admitted, kind.schema));
    return store.put(kind, {
      ...admitted,
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        ...without(objectAt(body, 'metadata'), 'resourceVersion', 'managedFields'),
        ...newMetadata(kind, namespace, name),
        managedFields: writeOwned(ownAfterUpdate([], owner, difference, time()), kind.apiVersion),
      },
    });
  }

  function newMetadata(
    kind: ServedKind,
    namespace: string | undefined,
    name: string,
  ): { name: string; uid: string; resourceVersion: string } & JsonObject {
    return {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: uid(),
      creationTimestamp: time(),
      resourceVersion: '',
      ...(kind.custom ? { generation: 1 } : {}),
    };
  }

  function apply(target: Target, config: JsonObject, how: { manager: string; force: boolean }): StoredObject {
    const { kind, namespace, name, subresource } = target;
    const owner: Owner = { manager: how.manager, operation: 'Apply', subresource };
    const existing = store.get(kind, namespace, name);
    if (existing === undefined && subresource !== '') throw notFound(kind, name);
    if (existing === undefined) return applyNew(target, config, owner);
    assertSameUid(target, existing, objectAt(config, 'metadata'));
    assertPreconditions(target, existing, objectAt(config, 'metadata'), 'optional');
    const part = subresource === 'status' ? { status: config['status'] ?? {} } : partOfMain(kind, config);
    const input = { config: part, owner, force: how.force, schema: kind.schema, strict: kind.custom, time: time() };
    const { object, owned } = applyObject({ ...input, live: existing });
    return write(target, existing, object, owned);
  }

  function applyNew(target: Target, config: JsonObject, owner: Owner): StoredObject {
    const { kind, namespace, name } = target;
    const uid = textAt(objectAt(config, 'metadata'), 'uid');
    if (uid !== undefined) throw conflict(kind, name, `uid mismatch: no object with uid ${uid} is there`);
    const part = partOfMain(kind, config);
    const input = { config: part, owner, force: false, schema: kind.schema, strict: kind.custom, time: time() };
    const { object, owned } = applyObject({ ...input, live: {} });
    const admitted = admit(kind, object, undefined, name);
    return store.put(kind, {
      ...admitted,
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        ...objectAt(admitted, 'metadata'),
        ...newMetadata(kind, namespace, name),
        managedFields: writeOwned(owned, kind.apiVersion),
      },
    });
  }

  return {
    create,
    update,
    apply,
    patch(target, patch, how): StoredObject {
      const old = live(target);
      const next = how.type === 'json' ? jsonPatch(old, patch) : mergePatch(old, patch);
      if (!isObject(next)) throw badRequest('the patched object is no object');
      assertSameUid(target, old, objectAt(next, 'metadata'));
      return update(target, next, how.manager);
    },
    remove(target, preconditions): StoredObject {
      const object = live(target);
      assertPreconditions(target, object, preconditions, 'optional');
      const finalizers = object.metadata['finalizers'];
      if (!Array.isArray(finalizers) || finalizers.length === 0) {
        vanish(target.kind, object);
        return object;
      }
      if (object.metadata['deletionTimestamp'] !== undefined) return object;
      return store.put(target.kind, { ...object, metadata: { ...object.metadata, deletionTimestamp: time() } });
    },
  };
}

/** From 1.32 on the server draws again while a name is taken, eight times in all (feature gate `RetryGenerateName`). */
const NAMES_DRAWN = 8;

function nameFor(kind: ServedKind, body: JsonObject, isTaken: (name: string) => boolean): string {
  const metadata = objectAt(body, 'metadata');
  const name = textAt(metadata, 'name');
  if (name !== undefined && name !== '') return name;
  const prefix = textAt(metadata, 'generateName');
  if (prefix !== undefined && prefix !== '') {
    const draw = (): string => `${prefix}${randomUUID().replaceAll('-', '').slice(0, 5)}`;
    let drawn = draw();
    for (let tries = 1; tries < NAMES_DRAWN && isTaken(drawn); tries++) drawn = draw();
    return drawn;
  }
  const message = 'Required value: name or generateName is required';
  throw invalid(kind, '', [{ field: 'metadata.name', reason: 'FieldValueRequired', message }]);
}

/** What the server alone writes. */
function serverMetadata(old: StoredObject): StoredObject['metadata'] {
  const { name, uid, resourceVersion, namespace, creationTimestamp, deletionTimestamp } = old.metadata;
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace === undefined ? {} : { namespace }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

/** A PUT to the object leaves the status alone, one to the status leaves all else. */
function combine(kind: ServedKind, old: StoredObject, body: JsonObject, subresource: '' | 'status'): JsonObject {
  if (subresource === 'status') return withStatus(old, body['status']);
  return kind.hasStatus ? withStatus(body, old['status']) : body;
}

function withStatus(object: JsonObject, status: Json | undefined): JsonObject {
  return { ...without(object, 'status'), ...(status === undefined ? {} : { status }) };
}

function partOfMain(kind: ServedKind, config: JsonObject): JsonObject {
  return without(config, ...(kind.hasStatus ? ['status'] : []));
}

function admit(kind: ServedKind, next: JsonObject, old: StoredObject | undefined, name?: string): JsonObject {
  if (!kind.custom) return withParts(kind, next);
  const { metadata = {}, apiVersion = kind.apiVersion, kind: kindName = kind.kind } = next;
  const pruned = pruneAndDefault(without(next, 'metadata'), kind.schema);
  const body = isObject(pruned) ? pruned : {};
  const causes = validate({ apiVersion, kind: kindName, ...body }, { field: '', schema: kind.schema, old });
  if (causes.length > 0) throw invalid(kind, old?.metadata.name ?? name ?? '', causes);
  return { ...body, metadata };
}

/**
 * Built-in kinds with a status always show both parts, if only as `{}`, and a Node's conditions both times: Go writes a
 * time that was never set as null.
 */
export function withParts(kind: ServedKind, object: JsonObject): JsonObject {
  if (!kind.hasStatus || kind.custom) return object;
  const { spec = {}, status = {} } = object;
  if (kind.kind !== 'Node' || !isObject(status) || !Array.isArray(status['conditions']))
    return { ...object, spec, status };
  const conditions = status['conditions'].map((condition) =>
    isObject(condition) ? { lastHeartbeatTime: null, lastTransitionTime: null, ...condition } : condition,
  );
  return { ...object, spec, status: { ...status, conditions } };
}

/** A patch for another uid is refused as invalid, where a PUT for it is a conflict. */
function assertSameUid({ kind, name }: Target, live: StoredObject, wanted: JsonObject): void {
  const uid = textAt(wanted, 'uid');
  if (uid === undefined || uid === live.metadata.uid) return;
  const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
  throw invalid(kind, name, [{ field: 'metadata.uid', reason: 'FieldValueInvalid', message }]);
}

function assertPreconditions(
  target: Target,
  live: StoredObject,
  wanted: JsonObject,
  version: 'needed' | 'optional' = 'needed',
): void {
  const { kind, name } = target;
  const uid = textAt(wanted, 'uid');
  const resourceVersion = textAt(wanted, 'resourceVersion') ?? '';
  if (uid !== undefined && uid !== '' && uid !== live.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
  }
  if (resourceVersion === '' && version === 'needed' && kind.custom) {
    const message = 'Invalid value: 0: must be specified for an update';
    throw invalid(kind, name, [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message }]);
  }
  if (resourceVersion !== '' && resourceVersion !== live.metadata.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(kind, name, why);
  }
}

/** What a new generation is counted for. */
function generational(object: JsonObject): JsonObject {
  return without(object, 'apiVersion', 'kind', 'metadata', 'status');
}

function comparable(object: JsonObject): JsonObject {
  const metadata = without(objectAt(object, 'metadata'), 'managedFields', 'resourceVersion', 'generation');
  return { ...without(object, 'apiVersion', 'kind'), metadata };
}

/** What was owned by the object that went, and by nobody else who is left, goes too; a real cluster takes some seconds. */
function orphansOf(store: ObjectStore, goneUid: string): ReturnType<ObjectStore['all']> {
  const uids = new Set(store.all().map(({ object }) => object.metadata.uid));
  return store.all().filter(({ object }) => {
    const owners = listAt(object.metadata, 'ownerReferences').map((owner) => textAt(owner, 'uid') ?? '');
    return owners.includes(goneUid) && owners.every((uid) => !uids.has(uid));
  });
}
