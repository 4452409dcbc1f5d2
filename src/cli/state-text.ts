import type { IncidentStatus } from '../api/v1alpha1/kinds/incident.ts';

/** What an incident does or waits for, or how it ended. One that an earlier release completed has its outcome alone. */
export function stateText({ outcome, state }: IncidentStatus): string {
  return outcome ?? state ?? 'open';
}
