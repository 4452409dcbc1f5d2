/** A folder of evidence in the node's spool. Its manifest is written last: a bundle without one is not complete. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { BundleManifest, earlyBundleName, isEarlyBundle, relocated } from '../../core/evidence/bundle.ts';
import { sha256 } from '../../core/evidence/manifest.ts';
import type { Spool } from '../../ports/host.ts';
import { MedicError } from '../../ports/errors.ts';

const MANIFEST = 'manifest.json';

/** undefined: there is no such bundle, or it is not complete, or not readable as one. */
export async function readManifest(spool: Spool, bundle: string): Promise<BundleManifest | undefined> {
  const bytes = await spool.read(bundle, MANIFEST);
  if (bytes === undefined) return undefined;
  try {
    return BundleManifest.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

export async function writeManifest(
  spool: Spool,
  bundle: string,
  manifest: BundleManifest,
  keep: ReadonlySet<string>,
): Promise<void> {
  await spool.write(bundle, MANIFEST, Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`), keep);
}

/** The newest complete early bundle. One that was saved while the clock was ahead of now is none. */
export async function newestEarly(
  spool: Spool,
  now: number,
): Promise<{ readonly bundle: string; readonly manifest: BundleManifest } | undefined> {
  const latest = earlyBundleName(now);
  const names = (await spool.list())
    .map(({ bundle }) => bundle)
    .filter((name) => isEarlyBundle(name) && name <= latest);
  for (const bundle of names.sort().reverse()) {
    const manifest = await readManifest(spool, bundle);
    if (manifest !== undefined) return { bundle, manifest };
  }
  return undefined;
}

/**
 * Makes an early bundle an incident's own.
 * @returns undefined if there was none of that name any more.
 */
export async function adoptBundle(
  spool: Spool,
  from: string,
  to: { readonly node: string; readonly bundle: string },
): Promise<BundleManifest | undefined> {
  const manifest = await readManifest(spool, from);
  if (manifest === undefined) return undefined;
  await spool.rename(from, to.bundle);
  return relocated(manifest, to.node, to.bundle);
}

const MAX_NAME = 120;

/**
 * An incident's folder: its name, shortened where it is longer than a folder's may be. Kubernetes allows no slash in a
 * name; what else could be no folder is refused here.
 */
export function bundleNameOf(incident: string): string {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(incident) || isEarlyBundle(incident)) {
    throw new MedicError('E_SPOOL_IO', 'invalid', `${incident} cannot be a folder of the spool`);
  }
  if (incident.length <= MAX_NAME) return incident;
  return `${incident.slice(0, MAX_NAME - 17)}-${sha256(Buffer.from(incident)).slice(0, 16)}`;
}

/** Folders of these incidents. */
export function bundlesOf(incidents: readonly KubeletIncident[]): ReadonlySet<string> {
  return new Set(incidents.map(({ metadata }) => bundleNameOf(metadata.name)));
}
