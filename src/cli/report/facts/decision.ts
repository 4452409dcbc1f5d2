/** Who approved or rejected, and when. Pure. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { fromTime } from '../../../core/time/timestamp.ts';

export interface Decision {
  readonly word: 'approved' | 'rejected';
  readonly by: string;
  readonly reason: string | undefined;
  readonly action: string | undefined;
  /** When the API server took it, by its own clock; undefined: it does not say. Milliseconds since 1970. */
  readonly at: number | undefined;
  /** The same writer has written other fields too, so that it may have been earlier. */
  readonly isAtMost: boolean;
}

export function decisionOf({ metadata, spec }: KubeletIncident): Decision | undefined {
  const { approval } = spec;
  if (approval === undefined) return undefined;
  const writers = metadata.managedFields.flatMap(({ subresource, fieldsV1, time }) => {
    const fields = subresource === undefined || subresource === '' ? ownedSpec(fieldsV1) : undefined;
    return fields !== undefined && 'f:approval' in fields ? [{ fields, time }] : [];
  });
  const [writer] = writers;
  const { by, reason, action } = approval;
  return {
    word: approval.decision === 'Approve' ? 'approved' : 'rejected',
    by,
    reason,
    action,
    at: fromTime(writer?.time),
    isAtMost: writer !== undefined && Object.keys(writer.fields).length > 1,
  };
}

function ownedSpec(fieldsV1: Readonly<Record<string, unknown>> | undefined): object | undefined {
  const spec = fieldsV1?.['f:spec'];
  return typeof spec === 'object' && spec !== null ? spec : undefined;
}
