/** The story of the demo, line by line, as it happens: what changed in the API, in a person's words. */
import type { Node } from '../../src/api/kubernetes/node.ts';
import type { Condition } from '../../src/api/v1alpha1/parts/condition.ts';
import type { IncidentConditionType } from '../../src/api/v1alpha1/words/conditions.ts';
import type { KubeletHealth, PlegState } from '../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { ACTIONS, type ActRecord, isAct } from '../../src/core/decision/actions.ts';
import { readyCondition } from '../../src/core/decision/node-state.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { isGoodEnd } from '../../src/core/decision/record/outcomes.ts';

type Mark = '◌' | '●' | '✔' | '✗' | '◷' | '·';

export interface Line {
  readonly node: string;
  readonly mark: Mark;
  readonly word: string;
  readonly text: string;
  /** Milliseconds since 1970; undefined: when it is seen. */
  readonly at?: number;
}

type Change<T> = (current: T | undefined, previous: T | undefined) => readonly Line[];

const STATE_WORDS: Partial<Record<PlegState, readonly [Mark, string]>> = {
  Suspected: ['◌', 'suspected'],
  Unhealthy: ['●', 'breached'],
};

export const tellHealth: Change<KubeletHealth> = (current, previous) => {
  const pleg = current?.status.pleg;
  if (pleg === undefined || pleg.state === previous?.status.pleg?.state) return [];
  const words = STATE_WORDS[pleg.state];
  return words === undefined
    ? []
    : [{ node: current?.metadata.name ?? '', mark: words[0], word: words[1], text: pleg.message }];
};

export const tellNode: Change<Node> = (current, previous) => {
  if (current === undefined || previous === undefined) return [];
  const [now, before] = [readyCondition(current), readyCondition(previous)];
  if (now === undefined || now.status === before?.status) return [];
  const ready = now.status === 'True';
  return [
    {
      node: current.metadata.name,
      mark: ready ? '✔' : '●',
      word: ready ? 'Ready' : 'NotReady',
      text: ready ? '' : now.message,
    },
  ];
};

function evidenceText({ status }: KubeletIncident): string {
  const captured = (status.evidence ?? []).filter((entry) => entry.state === 'Captured');
  const dumps = captured.filter((entry) => entry.kind === 'GoroutineDump').length;
  const kib = Math.max(1, Math.round(captured.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0) / 1024));
  const failed = (status.evidence ?? []).length - captured.length;
  const missing = failed === 0 ? '' : `; ${failed} missing, each with its reason`;
  return `${dumps} goroutine dumps, the kubelet log, ${captured.length - dumps - 1} more artifacts (${kib} KiB, sha256 sealed)${missing}`;
}

interface Telling {
  readonly condition: IncidentConditionType;
  readonly status: Condition['status'];
  readonly line: (incident: KubeletIncident, condition: Condition) => Omit<Line, 'node'>;
}

const TELLINGS: readonly Telling[] = [
  {
    condition: 'EvidenceCaptured',
    status: 'True',
    line: (incident) => ({ mark: '✔', word: 'evidence', text: evidenceText(incident) }),
  },
  {
    condition: 'EvidenceCaptured',
    status: 'False',
    line: (_, { message }) => ({ mark: '✗', word: 'evidence', text: message }),
  },
  {
    condition: 'Diagnosed',
    status: 'True',
    line: (_, { message }) => ({ mark: '✔', word: 'diagnosis', text: message }),
  },
  {
    condition: 'Diagnosed',
    status: 'False',
    line: (_, { message }) => ({ mark: '◌', word: 'diagnosis', text: message }),
  },
  { condition: 'NodeCordoned', status: 'True', line: () => ({ mark: '✔', word: 'cordoned', text: '' }) },
  { condition: 'NodeUncordoned', status: 'True', line: () => ({ mark: '✔', word: 'uncordoned', text: '' }) },
  {
    condition: 'ActionTaken',
    status: 'False',
    line: (_, { message }) => ({ mark: '◷', word: 'waits', text: message }),
  },
];

function actionLine(record: ActRecord): Omit<Line, 'node'> {
  const moved =
    record.before !== undefined && record.after !== undefined ? `pid ${record.before.pid} -> ${record.after.pid}` : '';
  const good = record.state === 'Succeeded';
  return {
    mark: good ? '✔' : '✗',
    word: good ? ACTIONS[record.action].done : `${record.action}: ${record.state}`,
    text: good ? moved : (record.message ?? ''),
    ...(good && record.issuedAt !== undefined ? { at: Date.parse(record.issuedAt) } : {}),
  };
}

function finishedActions(incident: KubeletIncident | undefined): readonly ActRecord[] {
  return (incident?.status.actions ?? []).filter(isAct).filter((record) => record.state !== 'Reserved');
}

/** The agent is at an act; what comes of it may be seen before the act has ended. */
export function isActing({ status }: KubeletIncident): boolean {
  return (status.actions ?? []).some((record) => isAct(record) && record.state === 'Reserved');
}

export const tellIncident: Change<KubeletIncident> = (current, previous) => {
  if (current === undefined) return [];
  const node = current.spec.nodeName;
  const conditions = TELLINGS.flatMap(({ condition, status, line }) => {
    const now = findCondition(current.status.conditions, condition);
    const before = findCondition(previous?.status.conditions, condition);
    const news = now?.status === status && (before?.status !== status || before.reason !== now.reason);
    return news ? [{ node, ...line(current, now) }] : [];
  });
  const known = new Set(finishedActions(previous).map((record) => record.name));
  const actions = finishedActions(current)
    .filter((record) => !known.has(record.name))
    .map((record) => ({ node, ...actionLine(record) }));
  const { outcome } = current.status;
  const ended = outcome === undefined || previous?.status.outcome !== undefined ? [] : [endLine(current, outcome)];
  return [...conditions, ...actions, ...ended];
};

function endLine(incident: KubeletIncident, outcome: string): Line {
  const complete = findCondition(incident.status.conditions, 'Complete');
  return {
    node: incident.spec.nodeName,
    mark: isGoodEnd(outcome) ? '✔' : '✗',
    word: outcome,
    text: complete?.message ?? '',
  };
}
