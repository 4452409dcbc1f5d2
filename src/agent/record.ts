/**
 * The agent's part of an incident's status. Server-side apply takes away what an apply leaves out, so each write is
 * rebuilt from the incident as it is now, under its resourceVersion: nobody's write is lost, and nothing is doubled.
 */
import type { EvidenceEntry } from '../api/v1alpha1/parts/evidence.ts';
import type { HostSummary } from '../api/v1alpha1/parts/host-summary.ts';
import type { ActionRecord, KubeletIncident } from '../api/v1alpha1/kinds/incident.ts';
import { INCIDENTS } from '../api/resources.ts';
import { AGENT_MANAGER, API_VERSION } from '../api/v1alpha1/words/names.ts';
import { isOpen } from '../core/decision/node-state.ts';
import { isMedicError, MedicError } from '../ports/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { retryMs, type World } from './world.ts';

/** What the agent owns in an incident. */
export interface AgentPart {
  readonly actions: readonly ActionRecord[];
  readonly evidence: readonly EvidenceEntry[];
  readonly host: HostSummary | undefined;
}

/** Which incident is meant. One that was deleted may be followed by another of its name. */
export type IncidentRef = Pick<KubeletIncident['metadata'], 'name' | 'uid'>;

export type Change =
  | { readonly kind: 'write'; readonly part: AgentPart }
  /** The incident as it is now asks for nothing. */
  | { readonly kind: 'leave'; readonly reason: string };

export type Written =
  | { readonly kind: 'written'; readonly incident: KubeletIncident }
  /** Not written: it is gone, complete, or not ours to write now. */
  | { readonly kind: 'left'; readonly reason: string };

const CALL_LIMIT_MS = 10_000;
const MAX_CONFLICTS = 10;
/** Another writer is done in a moment, so this does not grow. */
const CONFLICT = { firstMs: 100, longestMs: 100 };

export function agentPartOf({ status }: KubeletIncident): AgentPart {
  return {
    actions: status.actions ?? [],
    evidence: (status.evidence ?? []).filter((entry) => entry.by === 'Agent'),
    host: status.host,
  };
}

/** Adds the record, or puts it in the place of the one of its name. */
export function withRecord(part: AgentPart, record: ActionRecord): AgentPart {
  const known = part.actions.some(({ name }) => name === record.name);
  const actions = known
    ? part.actions.map((old) => (old.name === record.name ? record : old))
    : [...part.actions, record];
  return { ...part, actions };
}

export function findRecord({ status }: KubeletIncident, name: string): ActionRecord | undefined {
  return status.actions?.find((action) => action.name === name);
}

/**
 * Reads the incident, asks `decide` what to write, and writes it if the incident is still as it was read; else again.
 * What was written is in the incident that it returns; what a try that failed had decided counts for nothing.
 * @throws `MedicError` if the API server cannot be reached, or after ten conflicts; what `decide` throws.
 */
export async function changeIncident(
  world: World,
  { name, uid }: IncidentRef,
  decide: (incident: KubeletIncident) => Change | Promise<Change>,
  signal: AbortSignal,
): Promise<Written> {
  const { cluster, clock, random } = world;
  for (let conflicts = 1; conflicts <= MAX_CONFLICTS; conflicts++) {
    const incident = await cluster.get(INCIDENTS, { name }, { signal, deadlineMs: CALL_LIMIT_MS });
    if (incident?.metadata.uid !== uid) return { kind: 'left', reason: 'the incident is gone' };
    if (!isOpen(incident)) return { kind: 'left', reason: 'the incident is complete' };
    const change = await decide(incident);
    if (change.kind === 'leave') return { kind: 'left', reason: change.reason };
    try {
      return { kind: 'written', incident: await apply(world, incident, change.part, signal) };
    } catch (error) {
      if (!isMedicError(error, 'conflict')) throw error;
      await clock.sleep(backoffMs(conflicts, CONFLICT, random), signal);
    }
  }
  throw new MedicError('E_AGENT_CONFLICTS', 'transient', `${name}: somebody else wrote first, ten times in a row`);
}

async function apply(
  { cluster }: World,
  { metadata }: KubeletIncident,
  { actions, evidence, host }: AgentPart,
  signal: AbortSignal,
): Promise<KubeletIncident> {
  const { name, resourceVersion } = metadata;
  return await cluster.apply(
    INCIDENTS,
    {
      apiVersion: API_VERSION,
      kind: INCIDENTS.kind,
      metadata: { name, resourceVersion },
      status: { actions, evidence, ...(host === undefined ? {} : { host }) },
    },
    { manager: AGENT_MANAGER, subresource: 'status', force: true, signal, deadlineMs: CALL_LIMIT_MS },
  );
}

/** After this long the incident is the controller's to judge by how the node is. */
const REPORT_BUDGET_MS = 60 * 60_000;

/**
 * Writes what has been done, however long the API server is away, up to an hour. A refusal that will not change (the
 * incident is frozen) is logged and dropped.
 */
export async function reportUntilWritten(
  world: World,
  ref: IncidentRef,
  change: (part: AgentPart) => AgentPart,
  signal: AbortSignal,
): Promise<Written> {
  const { clock, log } = world;
  const endsAt = clock.monotonic() + REPORT_BUDGET_MS;
  for (let failures = 1; ; failures++) {
    try {
      return await changeIncident(
        world,
        ref,
        (incident) => ({ kind: 'write', part: change(agentPartOf(incident)) }),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      const lasting = isMedicError(error, 'invalid', 'terminal', 'bug');
      log.warn('An incident cannot be written', { incident: ref.name, failures, err: error });
      if (lasting || clock.monotonic() >= endsAt) return { kind: 'left', reason: 'it could not be written' };
      await clock.sleep(retryMs(world, failures, error), signal);
    }
  }
}
