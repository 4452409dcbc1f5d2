/** Which agents are there, by what this process sees of their KubeletHealth, on its own monotonic clock. */
import type { KubeletHealth } from '../api/v1alpha1/kinds/health.ts';
import { HEALTHS } from '../api/resources.ts';
import { API_VERSION, INQUIRY_MANAGER } from '../api/v1alpha1/words/names.ts';
import type { AgentContact } from '../core/decision/contact.ts';
import { agentSeenAt } from '../core/decision/node-state.ts';
import { isLaterVersion } from '../core/decision/resource-version.ts';
import type { World } from './world.ts';

export interface AgentContacts {
  /** Looks at a copy of the object, which may be older than one that was looked at before. */
  look(health: KubeletHealth): void;
  of(health: KubeletHealth | undefined): AgentContact;
  /** Writes an inquiry that the agent answers in its status. @throws `MedicError`. */
  ask(health: KubeletHealth): Promise<void>;
  forget(node: string): void;
}

interface Seen {
  readonly uid: string;
  readonly version: string;
  /** What each write of the agent changes. */
  readonly report: string;
  readonly isHeard: boolean;
  readonly changedAt: number;
  /** Since when there was no gap. */
  readonly heardSince: number;
}

/** Answers that go on. An inquiry that nobody read for long says nothing of the time before its answer came. */
interface Row {
  /** When the first one came. */
  readonly since: number;
  /** When the last one was asked for. */
  readonly until: number;
}

/** An agent reports every 30 s while an incident of its node is open. */
const HEARD_GAP_MS = 35_000;
/** Between two answers of a row. */
const ANSWER_GAP_MS = 12_000;

interface Inquiry {
  readonly text: string;
  readonly askedAt: number;
  /** Of the object as it was written with it; undefined: it is on its way. */
  readonly version?: string;
}

const NOBODY: AgentContact = {
  hasReported: false,
  isHeard: false,
  quietMs: 0,
  answeredMs: undefined,
  unansweredMs: undefined,
  heardForMs: 0,
  answeringForMs: 0,
};

function goesOn({ until }: Row, now: number): boolean {
  return now - until < ANSWER_GAP_MS;
}

function reportOf(health: KubeletHealth): string {
  const { agent } = health.status;
  return `${agent?.reportedAt ?? ''} ${agent?.inquiry ?? ''} ${String(agentSeenAt(health))}`;
}

export function createAgentContacts({
  clock,
  cluster,
  random,
}: Pick<World, 'clock' | 'cluster' | 'random'>): AgentContacts {
  const seen = new Map<string, Seen>();
  const open = new Map<string, Inquiry>();
  const answered = new Map<string, number>();
  const rows = new Map<string, Row>();

  function look(health: KubeletHealth): void {
    const { name, uid, resourceVersion: version } = health.metadata;
    const report = reportOf(health);
    const known = seen.get(name);
    const before = known?.uid === uid ? known : undefined;
    if (before !== undefined && !isLaterVersion(version, before.version)) return;
    const isChange = before !== undefined && report !== before.report;
    const now = clock.monotonic();
    const changedAt = before === undefined || isChange ? now : before.changedAt;
    const isGap = before === undefined || now - before.changedAt > HEARD_GAP_MS;
    const heardSince = isGap ? now : before.heardSince;
    seen.set(name, { uid, version, report, isHeard: isChange || before?.isHeard === true, changedAt, heardSince });
    noteAnswer(health);
    noteLoss(health);
  }

  function noteAnswer({ metadata: { name }, status }: KubeletHealth): void {
    const inquiry = open.get(name);
    if (inquiry === undefined || status.agent?.inquiry !== inquiry.text) return;
    answered.set(name, inquiry.askedAt);
    const [row, now] = [rows.get(name), clock.monotonic()];
    rows.set(name, { since: row !== undefined && goesOn(row, now) ? row.since : now, until: inquiry.askedAt });
    open.delete(name);
  }

  /** Somebody has written over it, or it went with the object that it was in: nobody will answer, and it is asked anew. */
  function noteLoss({ metadata: { name, resourceVersion }, spec }: KubeletHealth): void {
    const inquiry = open.get(name);
    if (inquiry?.version === undefined || spec.inquiry === inquiry.text) return;
    if (isLaterVersion(resourceVersion, inquiry.version)) open.delete(name);
  }

  return {
    look,
    of(health): AgentContact {
      if (health === undefined) return NOBODY;
      look(health);
      const { name } = health.metadata;
      const now = clock.monotonic();
      const { isHeard = false, changedAt = now, heardSince = now } = seen.get(name) ?? {};
      const [askedAt, answeredAt, row] = [open.get(name)?.askedAt, answered.get(name), rows.get(name)];
      return {
        hasReported: health.status.agent !== undefined,
        isHeard,
        quietMs: now - changedAt,
        answeredMs: answeredAt === undefined ? undefined : now - answeredAt,
        unansweredMs: askedAt === undefined ? undefined : now - askedAt,
        heardForMs: now - changedAt > HEARD_GAP_MS ? 0 : now - heardSince,
        answeringForMs: row !== undefined && goesOn(row, now) ? Math.max(0, row.until - row.since) : 0,
      };
    },
    async ask({ metadata: { name, uid } }): Promise<void> {
      const text = Math.floor(random.next() * Number.MAX_SAFE_INTEGER).toString(36);
      const inquiry: Inquiry = { text, askedAt: clock.monotonic() };
      open.set(name, inquiry);
      try {
        // Under a manager of its own: the copy may be older than what else is in it.
        const { metadata: written } = await cluster.apply(
          HEALTHS,
          { apiVersion: API_VERSION, kind: HEALTHS.kind, metadata: { name, uid }, spec: { inquiry: text } },
          { manager: INQUIRY_MANAGER, force: true },
        );
        if (open.get(name) === inquiry) open.set(name, { ...inquiry, version: written.resourceVersion });
      } catch (error) {
        // It was not asked, as far as is known.
        if (open.get(name) === inquiry) open.delete(name);
        throw error;
      }
    },
    forget(node): void {
      for (const map of [seen, open, answered, rows]) map.delete(node);
    },
  };
}
