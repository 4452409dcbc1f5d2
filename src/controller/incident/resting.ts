/**
 * Incidents that wait, for a place or for a person, some of them for a day. Their looks read nothing from the API server while the
 * copies say what the last look at fresh objects said: that there is nothing to do. Whatever is to be done is decided anew on
 * objects that are read then.
 */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { decideIncident } from '../../core/decision/incident/decide-incident.ts';
import type { IncidentDecision, IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { isToBeConfirmed } from '../../core/decision/policy/places.ts';
import type { AgentContacts } from '../agent-contacts.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';
import type { EvidenceBudget } from './evidence-budget.ts';
import { NO_STACKS } from './gather-evidence.ts';

export interface Resting {
  /** A look at fresh objects has found nothing to do. */
  note(snapshot: IncidentSnapshot, decision: IncidentDecision): void;
  /** @returns when to look again, milliseconds since 1970; undefined: look at fresh objects. */
  nextLook(name: string): number | undefined;
  forget(name: string): void;
}

/** Between two looks at fresh objects, in milliseconds: a copy may be behind, and others' leases are not copied. */
const FRESH_EVERY_MS = 120_000;
/** Copies that nobody has known to be right for so long are not decided on. A quiet watch has a bookmark every minute. */
const MAX_AGE_MS = 90_000;

interface Rest {
  readonly lease: IncidentSnapshot['lease'];
  /** On the monotonic clock. */
  readonly at: number;
}

/** What is read beside the copies is of no matter: no dump, no Lease, no list. */
function isOfCopies({ spec, status }: KubeletIncident): boolean {
  const { type } = spec.trigger;
  return type !== 'KubeletSilent' && type !== 'Drill' && status.diagnosis !== undefined && !isToBeConfirmed(status);
}

interface Parts {
  readonly world: World;
  readonly view: LocalView;
  readonly contacts: AgentContacts;
  readonly evidence: Pick<EvidenceBudget, 'limits'>;
}

export function createResting({ world, view, contacts, evidence }: Parts): Resting {
  const rests = new Map<string, Rest>();

  function copies(incident: KubeletIncident, { lease }: Rest): IncidentSnapshot {
    const { nodeName, nodeUID, plan } = incident.spec;
    const node = view.nodes.get(nodeName);
    const own = node?.metadata.uid === nodeUID ? node : undefined;
    const health = view.healths.get(nodeName);
    return {
      incident,
      node: own,
      notReadySince: own === undefined ? undefined : view.notReadySince(own),
      health,
      contact: contacts.of(health),
      stacks: NO_STACKS,
      nodeProxy: world.nodeProxy,
      policy: view.policies.get(plan.policy),
      lease,
      kubeletLease: undefined,
      clockAheadMs: world.cluster.clockAheadMs(),
      budget: view.budgetFor(incident.spec),
      captures: evidence.limits(),
      reserved: undefined,
      now: world.clock.now(),
    };
  }

  /** undefined: it has to be looked at fresh. */
  function restOf(name: string, incident: KubeletIncident): Rest | undefined {
    const rest = rests.get(name);
    const isRecent = rest !== undefined && world.clock.monotonic() - rest.at < FRESH_EVERY_MS;
    return isRecent && isOpen(incident) && isOfCopies(incident) ? rest : undefined;
  }

  return {
    note({ incident, lease }, { commands }) {
      const isFree = lease.kind === 'free' || lease.kind === 'unused';
      if (!isFree || commands.length > 0) return;
      rests.set(incident.metadata.name, { lease, at: world.clock.monotonic() });
    },
    nextLook(name) {
      const incident = view.incident(name);
      const rest = incident === undefined ? undefined : restOf(name, incident);
      if (incident === undefined || rest === undefined) return undefined;
      const snapshot = copies(incident, rest);
      if (snapshot.budget.ageMs > MAX_AGE_MS) return undefined;
      const { status, commands, nextCheckAt } = decideIncident(snapshot);
      const isSame = commands.length === 0 && canonical(status) === canonical(incident.status);
      return isSame ? nextCheckAt : undefined;
    },
    forget: (name) => {
      rests.delete(name);
    },
  };
}
