/** What an incident says of its dumps when they leave the API server. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { TrimReason } from '../../../api/v1alpha1/parts/trimmed.ts';
import { FIRST_NODES } from './shared-faults.ts';

const WHY: Readonly<Record<TrimReason, string>> = {
  SharedFault: `${String(FIRST_NODES)} other nodes keep dumps of the same fault`,
  Budget: 'all evidence together took more than its room in the API server',
  TooLarge: 'the evidence of this incident alone took more than one incident may, and what was stored last went',
};

export function trimmedWords({ metadata, spec }: KubeletIncident, reason: TrimReason): string {
  const where = `whole, they are in the spool of ${spec.nodeName}: kubectl medic evidence ${metadata.name} asks for them`;
  return `its dumps were taken out of the API server: ${WHY[reason]}; ${where}`;
}
