/** What the commands that speak to a cluster have in hand. */
import { INCIDENTS } from '../api/resources.ts';
import type { KubeletIncident } from '../api/v1alpha1/kinds/incident.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import { MedicError } from '../ports/errors.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly terminal: Terminal;
  /** URL of the API server, for a person; absent: there is none, as in a test. */
  readonly server?: string;
}

/** Field manager of what a person writes with the plugin. */
export const PLUGIN_MANAGER = 'kubectl-medic';

/** @throws `E_CLI_NOT_FOUND`. */
export async function getIncident({ cluster }: Session, name: string): Promise<KubeletIncident> {
  const incident = await cluster.get(INCIDENTS, { name });
  if (incident !== undefined) return incident;
  throw new MedicError(
    'E_CLI_NOT_FOUND',
    'absent',
    `there is no KubeletIncident ${name}: \`kubectl medic history\` lists them`,
  );
}
