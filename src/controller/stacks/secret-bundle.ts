/**
 * A Secret as a small archive: files compressed, and beside them `manifest.json`, the list of EvidenceEntry. The Secret
 * is the truth; the incident's `evidence` is a copy of the manifest.
 */
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import type { Secret } from '../../api/kubernetes/objects.ts';
import type { OwnerReference } from '../../api/meta.ts';
import { SECRETS } from '../../api/resources.ts';
import { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import { CONTROLLER_MANAGER, LABEL_COMPONENT } from '../../api/v1alpha1/names.ts';
import type { NamedText } from '../../core/diagnosis/input.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { failedArtifact, sha256 } from '../../core/evidence/manifest.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';

const MANIFEST = 'manifest.json';
/** A Secret holds 1 MiB (Kubernetes: MaxSecretSize); some is left for the manifest. */
export const BUNDLE_BYTES = 900 * 1024;

export interface Bundle {
  readonly entries: readonly EvidenceEntry[];
  /** File name to stored bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
}

export const EMPTY_BUNDLE: Bundle = { entries: [], files: new Map() };

export function bytesOf(bundle: Bundle): number {
  return [...bundle.files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What is wrong with what was read, or undefined. */
function damageOf(entries: readonly EvidenceEntry[], files: ReadonlyMap<string, Buffer>): string | undefined {
  const changed = entries.find(({ name, state, sha256: sum }) => {
    const bytes = files.get(name);
    return state === 'Captured' && (bytes === undefined || sha256(bytes) !== sum);
  });
  return changed === undefined ? undefined : `${changed.name} is not what was saved`;
}

/** Nothing of it is trusted: what somebody has edited is no evidence. That it was there stays on record; all is taken again. */
function lostBundle({ metadata }: Secret, why: string): Bundle {
  const { name, namespace = '' } = metadata;
  const at = fromTime(metadata.creationTimestamp) ?? 0;
  const source = `secret://${namespace}/${name}#${MANIFEST}`;
  const origin = { name: MANIFEST, kind: 'GoroutineDump', by: 'Controller', at, source } as const;
  const entry = failedArtifact(origin, `the Secret ${namespace}/${name} is damaged: ${why}`);
  return { entries: [entry], files: new Map() };
}

function parseBundle(secret: Secret): Bundle {
  const files = new Map(Object.entries(secret.data).map(([name, data]) => [name, Buffer.from(data, 'base64')]));
  const manifest = files.get(MANIFEST);
  if (manifest === undefined) return lostBundle(secret, `there is no ${MANIFEST}`);
  const parsed = z.array(EvidenceEntry).safeParse(parseJson(manifest));
  if (!parsed.success) return lostBundle(secret, `${MANIFEST} is not a list of evidence`);
  files.delete(MANIFEST);
  const damage = damageOf(parsed.data, files);
  return damage === undefined ? { entries: parsed.data, files } : lostBundle(secret, damage);
}

export interface BundleRef {
  readonly name: string;
  readonly component: 'incident-stacks' | 'early-stacks';
  readonly owner: OwnerReference;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** undefined: there is no such Secret. One that is damaged is a bundle with that failure in it. */
export async function readBundle(world: World, name: string): Promise<{ bundle: Bundle; secret: Secret } | undefined> {
  const secret = await world.cluster.get(SECRETS, { name, namespace: world.namespace });
  return secret === undefined ? undefined : { bundle: parseBundle(secret), secret };
}

/** Writes the whole bundle. One writer, so the last word is right. */
export async function writeBundle(world: World, ref: BundleRef, bundle: Bundle): Promise<void> {
  const files = new Map(bundle.files).set(MANIFEST, Buffer.from(JSON.stringify(bundle.entries, null, 1)));
  await world.cluster.apply(
    SECRETS,
    {
      metadata: {
        name: ref.name,
        namespace: world.namespace,
        labels: { [LABEL_COMPONENT]: ref.component, 'app.kubernetes.io/managed-by': 'kubelet-medic' },
        annotations: ref.annotations ?? {},
        ownerReferences: [ref.owner],
      },
      type: 'kubelet-medic.io/evidence',
      data: Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString('base64')])),
    },
    { manager: CONTROLLER_MANAGER, force: true },
  );
}

export async function deleteBundle(world: World, name: string): Promise<void> {
  try {
    await world.cluster.delete(SECRETS, { name, namespace: world.namespace });
  } catch (err) {
    if (!isMedicError(err)) throw err;
    world.log.warn('A Secret with early dumps could not be deleted; it is tried again', { bundle: name, err });
  }
}

/** The goroutine dumps of a bundle as text, in order. */
export function dumpsOf(bundle: Bundle): readonly NamedText[] {
  return bundle.entries
    .filter((entry) => entry.kind === 'GoroutineDump' && entry.state === 'Captured')
    .flatMap((entry) => {
      const bytes = bundle.files.get(entry.name);
      return bytes === undefined ? [] : [{ name: entry.name, text: gunzipSync(bytes).toString('utf8') }];
    });
}
