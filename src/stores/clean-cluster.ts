/**
 * The door through which agent and controller write: no text of an object leaves with a secret in it. Names, labels and
 * preconditions stay, and so do the bytes of evidence, which were redacted, if the policy says so, before their checksum
 * was taken.
 */
import { CONFIG_MAPS, EVIDENCES, HEALTHS } from '../api/resources.ts';
import { redact } from '../core/redaction/redact.ts';
import type { Cluster, JsonPatchOperation, Manifest } from '../ports/cluster.ts';

/** Reads go through as they are. */
export function cleanCluster(cluster: Cluster): Cluster {
  return {
    get: (resource, ref, call) => cluster.get(resource, ref, call),
    list: (resource, query, call) => cluster.list(resource, query, call),
    create: (resource, object, how) => cluster.create(resource, cleanObject(resource.kind, object), how),
    replace: (resource, object, how) => cluster.replace(resource, cleanObject(resource.kind, object), how),
    apply: (resource, object, how) => cluster.apply(resource, cleanObject(resource.kind, object), how),
    jsonPatch: (resource, ref, patch, how) => cluster.jsonPatch(resource, ref, patch.map(cleanOperation), how),
    delete: (resource, ref, call) => cluster.delete(resource, ref, call),
    proxyNode: (node, path, request) => cluster.proxyNode(node, path, request),
    mirror: (resource, query, signal) => cluster.mirror(resource, query, signal),
    clockAheadMs: () => cluster.clockAheadMs(),
  };
}

function cleanObject(kind: string, { metadata, ...fields }: Manifest): Manifest {
  const kept = KEPT.get(kind) ?? NOTHING;
  return { ...cleanFields(fields, kept), metadata };
}

const NOTHING: ReadonlySet<string> = new Set();
/** Compressed and in base64, so that it looks random; of a ConfigMap what receivers were told, by UIDs, which do too. */
const BYTES: ReadonlySet<string> = new Set(['data']);
/** Of a KubeletHealth what is sealed, and the public key for which it is. */
const SEALED: ReadonlySet<string> = new Set(['sealed', 'key']);
const KEPT: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [EVIDENCES.kind, BYTES],
  [CONFIG_MAPS.kind, BYTES],
  [HEALTHS.kind, SEALED],
]);

function cleanOperation(operation: JsonPatchOperation): JsonPatchOperation {
  if (operation.op === 'remove' || operation.op === 'test' || operation.path.startsWith('/metadata')) return operation;
  return { ...operation, value: cleanValue(operation.value, NOTHING) };
}

function cleanFields(fields: Readonly<Record<string, unknown>>, kept: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, kept.has(key) ? value : cleanValue(value, kept)]),
  );
}

function cleanValue(value: unknown, kept: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return cleanString(value);
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, kept));
  return typeof value === 'object' && value !== null ? cleanFields({ ...value }, kept) : value;
}

/** Never longer than it was: the schemas bound the length, and a status that they refuse is lost. */
function cleanString(text: string): string {
  const clean = redact(text);
  return clean.count === 0 ? text : clean.text.slice(0, text.length);
}
