/** What is said, before it takes the form that a receiver wants. All texts are inert, and bounded. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../decision/record/conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from '../decision/record/outcomes.ts';
import { toPreciseTime } from '../time/timestamp.ts';
import type { Due, OfIncident } from './news.ts';
import { lineOf } from './inert-text.ts';
import type { NotificationEvent } from './receiver.ts';

/** One incident in a message. */
interface Item {
  /** The same each time that this is told. */
  readonly id: string;
  readonly incident: string;
  readonly node: string;
  readonly trigger: string;
  readonly outcome?: string;
  readonly cause?: string;
  readonly openedAt: string;
}

export interface Message {
  /** The same each time that this is told, where it is of one thing. */
  readonly id: string;
  readonly event: NotificationEvent;
  /** PagerDuty: what is told with one key is one alert. */
  readonly alertKey: string;
  /** The alert of that key is over. */
  readonly isOver: boolean;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  /** One line. */
  readonly title: string;
  readonly facts: Readonly<Record<string, string>>;
  /** To be pasted into a shell. */
  readonly commands: readonly string[];
  readonly cluster: string;
  readonly policy: string;
  readonly at: string;
  /** How many incidents it is of; 0: of a policy. */
  readonly count: number;
  /** The first of them. */
  readonly items: readonly Item[];
}

const MAX_TITLE = 200;
const MAX_FACT = 600;
const MAX_NAME = 80;
/** By name, in a message of many. */
const MAX_NAMED = 10;
const MAX_ITEMS = 50;

/** A name of an incident, as the API server lets one be. No other goes into a command. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/;

const SEVERITIES = {
  Opened: 'error',
  Held: 'warning',
  HandedOver: 'critical',
  Recovered: 'info',
  BreakerOpen: 'critical',
  BreakerClosed: 'info',
} as const satisfies Readonly<Record<NotificationEvent, Message['severity']>>;

const OVER: ReadonlySet<NotificationEvent> = new Set(['Recovered', 'BreakerClosed']);

const OF_ONE = {
  Opened: 'the kubelet is in trouble',
  Held: 'held as it is: a person decides',
  HandedOver: 'a person has to look',
  Recovered: 'it is over',
} as const satisfies Readonly<Record<OfIncident['event'], string>>;

const OF_MANY = {
  Opened: 'nodes have a kubelet in trouble',
  Held: 'nodes are held as they are: a person decides',
  HandedOver: 'nodes are left to a person',
  Recovered: 'nodes are over it',
} as const satisfies Readonly<Record<OfIncident['event'], string>>;

function itemOf({ id, incident: { metadata, spec, status } }: OfIncident & { readonly id: string }): Item {
  return {
    id,
    incident: lineOf(metadata.name, 253),
    node: lineOf(spec.nodeName, 253),
    trigger: spec.trigger.type,
    ...(status.outcome === undefined ? {} : { outcome: lineOf(status.outcome, MAX_NAME) }),
    ...(status.diagnosis === undefined ? {} : { cause: lineOf(status.diagnosis.cause, 128) }),
    openedAt: metadata.creationTimestamp,
  };
}

function factsOf({ spec, status }: KubeletIncident): Readonly<Record<string, string>> {
  const { diagnosis } = status;
  const cause = diagnosis === undefined ? '' : `${diagnosis.cause} (${diagnosis.confidence}): ${diagnosis.summary}`;
  const facts = {
    Seen: `${spec.trigger.type}: ${spec.trigger.message}`,
    Cause: cause,
    Action: status.action ?? '',
    End: findCondition(status.conditions, 'Complete')?.message ?? '',
    Do: diagnosis?.recommendation ?? '',
  };
  const said = Object.entries(facts).map(([key, text]) => [key, lineOf(text, MAX_FACT)] as const);
  return Object.fromEntries(said.filter(([, text]) => text !== ''));
}

function commandsOf(event: NotificationEvent, items: readonly Item[]): readonly string[] {
  if (event === 'BreakerOpen' || event === 'BreakerClosed') return ['kubectl get krp'];
  const verb = event === 'Held' ? 'approve' : 'show';
  const named = event === 'Held' ? items.slice(0, MAX_NAMED) : items.slice(0, 1);
  return named.flatMap(({ incident }) => (NAME.test(incident) ? [`kubectl medic ${verb} ${incident}`] : []));
}

interface Common {
  readonly event: NotificationEvent;
  readonly policy: string;
  readonly at: number;
}

function common({ event, policy, at }: Common, cluster: string): Omit<Message, 'title' | 'id' | 'alertKey'> {
  return {
    event,
    isOver: OVER.has(event),
    severity: SEVERITIES[event],
    facts: {},
    commands: [],
    cluster: lineOf(cluster, 63),
    policy: lineOf(policy, 253),
    at: toPreciseTime(at),
    count: 0,
    items: [],
  };
}

/** Or gone. */
function isSeenWell({ status: { outcome = '' } }: KubeletIncident): boolean {
  return outcome === 'NodeGone' || (isOutcome(outcome) && OUTCOMES[outcome].isNodeWell);
}

type OneIncident = Extract<Due, { kind: 'incident' }>;

function ofOne(due: OneIncident, cluster: string): Message {
  const { incident, event } = due;
  const item = itemOf(due);
  const isDrill = incident.spec.drill !== undefined;
  const end = item.outcome === undefined ? '' : ` (${item.outcome})`;
  const isLeft = event === 'Recovered' && !isSeenWell(incident);
  const words = isLeft ? 'closed, and the node was not seen to be well' : OF_ONE[event];
  return {
    ...common(due, cluster),
    id: due.id,
    alertKey: incident.metadata.uid,
    ...(isLeft ? { severity: 'warning' } : {}),
    ...(isDrill ? { severity: 'info' } : {}),
    title: lineOf(`${isDrill ? 'Drill: ' : ''}${item.node}: ${words}${end}`, MAX_TITLE),
    facts: factsOf(incident),
    commands: commandsOf(event, [item]),
    count: 1,
    items: [item],
  };
}

function ofMany(all: readonly OneIncident[], first: OneIncident, cluster: string): Message {
  const { event, policy } = first;
  const items = all.slice(0, MAX_ITEMS).map(itemOf);
  const names = items.slice(0, MAX_NAMED).map(({ node }) => lineOf(node, MAX_NAME));
  const ends = new Map<string, number>();
  for (const { incident } of all) {
    const end = incident.status.outcome ?? incident.spec.trigger.type;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const counts = [...ends].map(([name, count]) => `${name} ${count}`).join(', ');
  return {
    ...common({ event, policy, at: all.at(-1)?.at ?? first.at }, cluster),
    id: `${first.id}+${all.length - 1}`,
    // A storm and what it leaves to people are two alerts, and nothing ends the second one: it is of these nodes.
    alertKey: event === 'HandedOver' ? `handed-over/${first.incident.metadata.uid}` : `storm/${policy}`,
    title: lineOf(`${all.length} ${OF_MANY[event]}, policy ${policy}`, MAX_TITLE),
    facts: {
      Nodes: lineOf(`${names.join(', ')}${all.length > names.length ? ', ...' : ''}`, MAX_FACT * 2),
      Counts: lineOf(counts, MAX_FACT),
    },
    commands: event === 'Held' ? commandsOf(event, items) : ['kubectl get ki'],
    count: all.length,
    items,
  };
}

function ofBreaker(due: Extract<Due, { kind: 'breaker' }>, cluster: string): Message {
  const { event, policy } = due;
  const words = event === 'BreakerOpen' ? 'breaker open: nothing is restarted' : 'breaker closed';
  return {
    ...common(due, cluster),
    id: due.id,
    alertKey: `breaker/${due.uid}`,
    title: lineOf(`policy ${policy}: ${words}`, MAX_TITLE),
    facts: { Why: lineOf(due.message, MAX_FACT) },
    commands: commandsOf(event, []),
  };
}

/** @param batch not empty; more than one: all are incidents of one policy with one event. */
export function messageOf(batch: readonly [Due, ...Due[]], cluster: string): Message {
  const [first] = batch;
  if (first.kind === 'breaker') return ofBreaker(first, cluster);
  if (first.kind === 'storm') {
    const title = lineOf(`policy ${first.policy}: no incident of the storm is open any more`, MAX_TITLE);
    return { ...common(first, cluster), id: first.id, alertKey: `storm/${first.policy}`, title };
  }
  const all = batch.filter((due) => due.kind === 'incident');
  return all.length === 1 ? ofOne(first, cluster) : ofMany(all, first, cluster);
}

/** What is sent to try a receiver. It opens no alert that stays. */
export function testMessage(cluster: string, now: number): Message {
  return {
    ...common({ event: 'Recovered', policy: '', at: now }, cluster),
    id: `test/${now}`,
    alertKey: 'test',
    title: 'kubelet-medic: a test message; nothing has happened',
  };
}
