/** etcd itself, by its gateway for JSON (etcd: "gRPC gateway"): for what the API server has no request, or only a slow one. */
import * as z from 'zod/mini';
import type { ControlPlane } from '../../../support/control-plane.ts';

type Etcd = Pick<ControlPlane, 'etcdUrl'>;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function call(plane: Etcd, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${plane.etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

const Range = z.object({
  header: z.object({ revision: z.string() }),
  kvs: z.optional(z.array(z.object({ value: z.string() }))),
});
const Status = z.object({ dbSize: z.string() });

/** Bytes of etcd's file after compaction and defragmentation: what is kept for good. */
export async function etcdBytes(plane: Etcd): Promise<number> {
  const { header } = Range.parse(await call(plane, '/v3/kv/range', { key: base64('/none') }));
  await call(plane, '/v3/kv/compaction', { revision: header.revision, physical: true });
  await call(plane, '/v3/maintenance/defragment', {});
  return Number(Status.parse(await call(plane, '/v3/maintenance/status', {})).dbSize);
}

/** Where the API server keeps an object of a CRD without a namespace, as JSON. */
function keyOf(plural: string, name: string): string {
  return `/registry/kubelet-medic.io/${plural}/${name}`;
}

/** The stored text of one object of ours. */
export async function readStored(plane: Etcd, plural: string, name: string): Promise<string> {
  const { kvs } = Range.parse(await call(plane, '/v3/kv/range', { key: base64(keyOf(plural, name)) }));
  const value = kvs?.[0]?.value;
  if (value === undefined) throw new Error(`etcd has no ${plural}/${name}`);
  return Buffer.from(value, 'base64').toString('utf8');
}

/** etcd takes 1.5 MB and 128 operations in one request by default. */
const BATCH_BYTES = 700_000;
const BATCH = 100;

export interface Stored {
  readonly name: string;
  readonly text: string;
}

/** Writes objects as they are, past the API server, whose watches see them. */
export async function writeStored(plane: Etcd, plural: string, objects: Iterable<Stored>): Promise<void> {
  let batch: object[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await call(plane, '/v3/kv/txn', { success: batch });
    [batch, bytes] = [[], 0];
  };
  for (const { name, text } of objects) {
    if (batch.length === BATCH || bytes + text.length > BATCH_BYTES) await flush();
    batch.push({ requestPut: { key: base64(keyOf(plural, name)), value: base64(text) } });
    bytes += text.length;
  }
  await flush();
}
