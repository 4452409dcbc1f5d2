/** Where an artifact is to be had. Entries come from nodes too, so nothing in them is taken on trust. */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isFileName, parseLocation } from '../../core/evidence/location.ts';
import { MANIFEST } from './folder.ts';

export type Place =
  /** `name`: of the KubeletEvidence. Whose it is shows when it is read. `path`: where it is on the node too, by its agent. */
  | { readonly kind: 'evidence'; readonly name: string; readonly path: string | undefined }
  /** `path`: on the node, where the chart's `agent.stateDir` is the default. */
  | { readonly kind: 'spool'; readonly path: string }
  /** It was never saved. */
  | { readonly kind: 'never'; readonly message: string }
  /** It is not fetched. */
  | { readonly kind: 'refused'; readonly message: string };

const SPOOL = '/var/lib/kubelet-medic/spool';

export function locateEntry(entry: EvidenceEntry, incident: KubeletIncident): Place {
  const { name, state, location: text = '' } = entry;
  if (state === 'Failed')
    return { kind: 'never', message: `it was never had: ${entry.message ?? 'no reason is given'}` };
  if (!isFileName(name) || name === MANIFEST) {
    return refused(`${JSON.stringify(name)} is not a name of a file here`);
  }
  const location = parseLocation(text);
  switch (location?.kind) {
    case 'evidence': {
      const path = entry.by === 'Agent' ? `${SPOOL}/${incident.metadata.name}/${name}` : undefined;
      return { ...location, path };
    }
    case 'spool': {
      const { node, bundle, file } = location;
      if (node !== incident.spec.nodeName) return refused(`it is said to be on another node, ${JSON.stringify(node)}`);
      return { kind: 'spool', path: `${SPOOL}/${bundle}/${file}` };
    }
    case undefined:
      return refused(`nothing is known of its location ${JSON.stringify(text)}`);
    default:
      return location satisfies never;
  }
}

function refused(message: string): Place {
  return { kind: 'refused', message };
}
