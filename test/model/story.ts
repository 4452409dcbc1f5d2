/** What happened in a world, in order, as a person would tell it. */
import { INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { Condition } from '../../src/api/v1alpha1/parts/condition.ts';
import type { IncidentStatus, KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import type { Node } from '../../src/api/kubernetes/node.ts';
import { formatSeconds } from '../../src/core/time/duration.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { LocalCluster } from '../support/local-cluster.ts';

export interface Story {
  /** What the test does. Each has a number. */
  deed(text: string): void;
  /** What somebody does of himself. */
  tell(text: string): void;
  lines(): readonly string[];
}

export function createStory(clock: Clock): Story {
  const startedAt = clock.monotonic();
  const lines: string[] = [];
  let deeds = 0;
  const at = (): string => formatSeconds(clock.monotonic() - startedAt).padStart(9);
  return {
    deed(text): void {
      deeds += 1;
      lines.push(`${at()}  ${String(deeds)}. ${text}`);
    },
    tell(text): void {
      lines.push(`${at()}       ${text}`);
    },
    lines: () => lines,
  };
}

function changed(before: IncidentStatus, after: IncidentStatus): readonly string[] {
  const steps = (after.steps ?? [])
    .filter((step) => before.steps?.find(({ name }) => name === step.name)?.state !== step.state)
    .map((step) => `${step.name} ${step.state}${step.action === undefined ? '' : ` ${step.action}`}`);
  const actions = (after.actions ?? [])
    .filter((record) => {
      const old = before.actions?.find(({ name }) => name === record.name);
      return old?.state !== record.state || old.issuedAt !== record.issuedAt;
    })
    .map((record) => {
      const detail = record.state === 'Refused' ? ` (${record.reason ?? record.message ?? ''})` : '';
      return `record ${record.name} ${record.state}${record.issuedAt === undefined ? '' : ', issued'}${detail}`;
    });
  const reason = (conditions: readonly Condition[] | undefined): string | undefined =>
    conditions?.find(({ type }) => type === 'Complete')?.reason;
  const now = reason(after.conditions);
  const state = now === undefined || now === reason(before.conditions) ? [] : [now];
  return [...steps, ...actions, ...state];
}

/** Writes down what becomes of incidents and of cordons. */
export function follow(story: Story, local: LocalCluster, signal: AbortSignal): void {
  const incidents = local.cluster.mirror<KubeletIncident>(INCIDENTS, {}, signal);
  const nodes = local.cluster.mirror<Node>(NODES, {}, signal);
  for (const mirror of [incidents, nodes]) mirror.whenSynced().catch(() => undefined);
  incidents.onChange((current, previous) => {
    const { metadata, spec } = current ?? previous!;
    const who = `incident ${metadata.name}`;
    if (current === undefined) story.tell(`${who} is gone`);
    else if (previous === undefined) story.tell(`${who} opens: ${spec.trigger.type}, policy ${spec.plan.policy}`);
    const words = current === undefined ? [] : changed(previous?.status ?? {}, current.status);
    if (words.length > 0) story.tell(`${who}: ${words.join('; ')}`);
  });
  nodes.onChange((current, previous) => {
    const { name } = (current ?? previous!).metadata;
    const was = previous?.spec.unschedulable ?? false;
    const is = current?.spec.unschedulable ?? false;
    if (was !== is) story.tell(`${name} is ${is ? 'cordoned' : 'uncordoned'}`);
    const ready = (node: Node | undefined): string | undefined =>
      node?.status.conditions.find(({ type }) => type === 'Ready')?.status;
    if (ready(current) !== ready(previous)) story.tell(`${name} Ready=${ready(current) ?? 'gone'}`);
  });
}
