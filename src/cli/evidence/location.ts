/** Where an artifact is kept, read from its entry. Entries come from nodes too, so nothing in them is taken on trust. */
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';

export type Location =
  | { readonly kind: 'secret'; readonly namespace: string; readonly name: string; readonly key: string }
  | { readonly kind: 'spool'; readonly bundle: string; readonly file: string }
  /** It is not fetched, and why. */
  | { readonly kind: 'none'; readonly message: string };

/** A file's name without a path, as the agent's spool takes it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const SECRET = /^secret:\/\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})#([A-Za-z0-9._-]{1,253})$/;
const SPOOL = /^spool:\/\/([^/]+)\/([^/]+)\/([^/]+)$/;

export function locate(entry: EvidenceEntry, incident: KubeletIncident): Location {
  const { name, state, location = '' } = entry;
  if (state === 'Failed') return none(`it was never had: ${entry.message ?? 'no reason is given'}`);
  if (!NAME.test(name) || name === 'manifest.json') return none(`${JSON.stringify(name)} is not a name of a file here`);
  const secret = SECRET.exec(location);
  if (secret !== null) return inSecret(secret, entry);
  const spool = SPOOL.exec(location);
  if (spool !== null) return inSpool(spool, incident);
  return none(`nothing is known of its location ${JSON.stringify(location)}`);
}

function inSecret([, namespace = '', name = '', key = '']: RegExpExecArray, { by }: EvidenceEntry): Location {
  // A node that lies must not have an administrator fetch Secrets for it.
  if (by !== 'Controller') return none('an agent does not keep evidence in Secrets');
  return { kind: 'secret', namespace, name, key };
}

function inSpool([location, node = '', bundle = '', file = '']: RegExpExecArray, { spec }: KubeletIncident): Location {
  if (node !== spec.nodeName) return none(`it is said to be on another node, ${JSON.stringify(node)}`);
  if (!NAME.test(bundle) || !NAME.test(file)) return none(`${JSON.stringify(location)} is not a path of a spool`);
  return { kind: 'spool', bundle, file };
}

function none(message: string): Location {
  return { kind: 'none', message };
}
