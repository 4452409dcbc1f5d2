/**
 * Where an artifact is kept: written into the entries of a manifest, and read from them. Entries come from nodes too, so
 * nothing in them is taken on trust: what is not in one of these forms is no location.
 */

export type Location =
  /** In the API server: the KubeletEvidence of this name, the first of its parts. */
  | { readonly kind: 'evidence'; readonly name: string }
  /** On the node's own disk: a file in a folder of the agent's spool. */
  | { readonly kind: 'spool'; readonly node: string; readonly bundle: string; readonly file: string };

/** The bound of `EvidenceEntry.location`. */
const MAX_LENGTH = 512;
/** A file's or folder's name without a path, as the agent's spool takes it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** A name of an object: RFC 1123 subdomain. */
const OBJECT = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export function locationText(location: Location): string {
  switch (location.kind) {
    case 'evidence':
      return `evidence://${location.name}`.slice(0, MAX_LENGTH);
    case 'spool':
      return `spool://${location.node}/${location.bundle}/${location.file}`.slice(0, MAX_LENGTH);
    default:
      return location satisfies never;
  }
}

/** undefined: it is in none of the forms, or names something that could not be there. */
export function parseLocation(text: string): Location | undefined {
  const [, scheme, rest = ''] = /^(evidence|spool):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'evidence') return OBJECT.test(rest) ? { kind: 'evidence', name: rest } : undefined;
  return scheme === 'spool' ? spoolLocation(rest.split('/')) : undefined;
}

function spoolLocation(path: readonly string[]): Location | undefined {
  const [node, bundle, file] = path;
  if (path.length !== 3 || node === undefined || bundle === undefined || file === undefined) return undefined;
  const isPath = OBJECT.test(node) && isFileName(bundle) && isFileName(file);
  return isPath ? { kind: 'spool', node, bundle, file } : undefined;
}

export function isFileName(name: string): boolean {
  return NAME.test(name);
}
