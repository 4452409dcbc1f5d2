/** Artifacts of one bundle on the node's own disk. */
import { locationText, parseLocation } from '../core/evidence/location.ts';
import { sha256 } from '../core/evidence/manifest.ts';
import { MedicError } from '../ports/errors.ts';
import type { EvidenceStore } from '../ports/evidence-store.ts';
import type { Spool } from '../ports/host.ts';

export interface SpoolStoreOptions {
  readonly spool: Spool;
  readonly node: string;
  /** The folder that is written to. */
  readonly bundle: string;
  /** Bundles that must not make room for this one. */
  readonly keep: ReadonlySet<string>;
}

export function createSpoolStore({ spool, node, bundle, keep }: SpoolStoreOptions): EvidenceStore {
  return {
    async put(entry, bytes, signal) {
      signal.throwIfAborted();
      await spool.write(bundle, entry.name, bytes, keep);
      return { ...entry, location: locationText({ kind: 'spool', node, bundle, file: entry.name }) };
    },
    async get(entry, signal) {
      signal.throwIfAborted();
      const location = parseLocation(entry.location ?? '');
      // What was uploaded is in the spool as well, under its own name.
      const file = location?.kind === 'spool' ? location.file : entry.name;
      const bytes = await spool.read(bundle, file);
      if (bytes === undefined) return undefined;
      if (sha256(bytes) !== entry.sha256) {
        throw new MedicError('E_EVIDENCE_DAMAGED', 'terminal', `${bundle}/${file} is not what was sealed`);
      }
      return bytes;
    },
  };
}
