/** Looks at every write and every command of a world, and reports what the guarantees of docs/safety.md forbid. */
import { INCIDENTS, LEASES, NODES } from '../../src/api/resources.ts';
import type { Node } from '../../src/api/kubernetes/node.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { isAct, isActStep } from '../../src/core/decision/actions.ts';
import { isControlPlane, isOpen } from '../../src/core/decision/node-state.ts';
import { TRIGGERS } from '../../src/core/decision/node/triggers.ts';
import { hasReservation } from '../../src/core/decision/policy/places.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { durationMs, formatSeconds } from '../../src/core/time/duration.ts';
import type { ModelWorld, Moment, Watchman } from './world-shape.ts';

/** Truth that is younger than this may not have been seen yet, in milliseconds. */
const WELL_MS = 60_000;
/** From a fresh read to the command that it allows: two calls at their deadlines, and some. */
const COMMAND_WINDOW_MS = 25_000;
/** From a decision to the cordon: three calls, the last of which may be on its way for long. */
const CORDON_WINDOW_MS = 45_000;

interface Command {
  readonly at: number;
  readonly incident: string;
}

export function createWatchman(world: ModelWorld): Watchman {
  const { local, clock } = world;
  const violations: string[] = [];
  const forbidden = new Map<string, number>();
  const forgiven = new Map<string, number>();
  const faulted = new Set<string>();
  const commands = new Map<string, Command[]>();
  const issued = new Set<string>();
  const moments = new Set<string>();
  const incidentWrites = new Map<string, number>();

  function report(violation: string): void {
    violations.push(violation);
    world.story.tell(`!!! ${violation}`);
  }

  function incidents(): readonly KubeletIncident[] {
    return local.list<KubeletIncident>(INCIDENTS);
  }

  function nodeOf(name: string): Node | undefined {
    return local.read<Node>(NODES, name);
  }

  function forbiddenBy(scopes: readonly string[], graceMs: number): string | undefined {
    for (const [key, since] of forbidden) {
      const [scope = '', reason = ''] = key.split(' ', 2);
      if (scopes.includes(scope) && clock.monotonic() - since > graceMs) return reason;
    }
    return undefined;
  }

  /** G2: why a node that is well is not to be touched, as its host truly is; undefined: it is not well, or may be touched. */
  function wellness({ spec }: KubeletIncident, graceMs: number): string | undefined {
    const { nodeName, trigger, approval } = spec;
    if (trigger.type === 'Manual' || approval?.decision === 'Approve') return undefined;
    const wellMs = world.host(nodeName).wellForMs();
    if (wellMs === undefined) return undefined;
    if (!faulted.has(nodeName)) return 'has never been ill';
    const isMomentary = TRIGGERS[trigger.type].isMomentary;
    return isMomentary && wellMs > graceMs ? `has been well for ${formatSeconds(wellMs)}` : undefined;
  }

  function reservedFor(node: string, unit: string): KubeletIncident | undefined {
    const actsOn = ({ state, unit: of }: { readonly state: string; readonly unit?: string | undefined }): boolean =>
      state === 'Reserved' && (of ?? 'the host') === unit;
    const reserving = incidents().filter(
      ({ spec, status }) => spec.nodeName === node && status.actions?.some((one) => isAct(one) && actsOn(one)),
    );
    // One whose node was deleted meanwhile may stay reserved for good.
    return reserving.find(isOpen) ?? reserving[0];
  }

  function judgeRight(incident: KubeletIncident, unit: string): void {
    const { name } = incident.metadata;
    const { plan, approval, nodeName } = incident.spec;
    const record = incident.status.actions?.find((one) => isAct(one) && one.state === 'Reserved');
    const evidence = findCondition(incident.status.conditions, 'EvidenceCaptured')?.status;
    const isSealed = evidence === 'True' || (evidence === 'False' && plan.evidence.gate === 'BestEffort');
    const isAllowed =
      approval?.action === record?.action ||
      plan.remediation.allowedActions.some((action) => action === record?.action);
    if (!isOpen(incident)) report(`G1: ${unit} of ${nodeName} is restarted for ${name}, which is over`);
    if (!isSealed) report(`G1: ${unit} of ${nodeName} is restarted before the evidence of ${name} is sealed`);
    if (plan.mode !== 'Remediate' || !isAllowed) report(`G1: ${name} does not allow what is done to ${nodeName}`);
  }

  function judgeCount(incident: KubeletIncident, node: string): void {
    const { uid, name } = incident.metadata;
    const step = incident.status.actions?.find((one) => isAct(one) && one.state === 'Reserved')?.name ?? '';
    const key = `${uid} ${step}`;
    if (issued.has(key)) report(`G3: ${step} of ${name} is issued a second time`);
    issued.add(key);
    const before = commands.get(node) ?? [];
    commands.set(node, [...before, { at: clock.monotonic(), incident: uid }]);
    const { attempts, within } = incident.spec.plan.budget.perNode;
    const known = new Set(incidents().map(({ metadata }) => metadata.uid));
    const recent = (commands.get(node) ?? []).filter(
      (command) => known.has(command.incident) && clock.monotonic() - command.at < durationMs(within),
    );
    if (recent.length > attempts) report(`G3: ${String(recent.length)} commands on ${node} within ${within}`);
  }

  function commanded(node: string, unit: string): void {
    world.story.tell(`${node}: the agent restarts ${unit}`);
    const incident = reservedFor(node, unit);
    if (incident === undefined) {
      const isForgiven = clock.monotonic() - (forgiven.get(node) ?? Number.NEGATIVE_INFINITY) < COMMAND_WINDOW_MS;
      if (!isForgiven) report(`G1: ${unit} of ${node} is restarted, and nothing reserves it`);
      return;
    }
    judgeRight(incident, unit);
    judgeCount(incident, node);
    const well = wellness(incident, WELL_MS);
    if (well !== undefined) report(`G2: ${unit} of ${node} is restarted, which ${well}`);
    const { policy } = incident.spec.plan;
    const by = forbiddenBy([node, policy], COMMAND_WINDOW_MS);
    if (by !== undefined) report(`G6: ${unit} of ${node} is restarted in spite of ${by}`);
  }

  /** Whose cordon a node has, as the world knows it: a person's is the last that a person has set. */
  function cordonOf(name: string): 'ours' | 'others' | undefined {
    if (nodeOf(name)?.spec.unschedulable !== true) return undefined;
    return forbidden.has(`${name} cordon`) ? 'others' : 'ours';
  }

  function isInRecovery(incident: KubeletIncident): boolean {
    if (!isOpen(incident)) return false;
    const { nodeName } = incident.spec;
    const owner = nodeOf(nodeName)?.metadata.annotations[ANNOTATION_CORDONED_BY];
    // One that a person has deleted leaves its cordon to the next one of its name, which has no place yet.
    const isItsOwn = !forgiven.has(nodeName) || hasReservation(incident.status);
    const isCordoned = cordonOf(nodeName) === 'ours' && owner === incident.metadata.name && isItsOwn;
    const acts = incident.status.actions?.some((record) => isAct(record) && record.state === 'Reserved') ?? false;
    const asks = incident.status.steps?.some(({ type, state }) => type === 'Act' && state === 'Requested') ?? false;
    return isCordoned || acts || asks;
  }

  function judgeConcurrency(): void {
    const busy = incidents().filter(isInRecovery);
    const nodesOf = (some: readonly KubeletIncident[]): readonly string[] => [
      ...new Set(some.map(({ spec }) => spec.nodeName)),
    ];
    const names = busy.map(({ metadata }) => metadata.name).join(', ');
    const nodes = nodesOf(busy);
    if (nodes.length < busy.length) report(`G5: one node has two recoveries: ${names}`);
    if (nodes.length > world.shape.maxInCluster) report(`G4: too many recoveries in the cluster: ${names}`);
    const masters = nodes.map(nodeOf).filter((node) => node !== undefined && isControlPlane(node));
    if (masters.length > 1) report(`G4: two control plane nodes at once: ${names}`);
    for (const policy of new Set(busy.map(({ spec }) => spec.plan.policy))) {
      const own = busy.filter(({ spec }) => spec.plan.policy === policy);
      const most = Math.max(...own.map(({ spec }) => spec.plan.budget.maxConcurrent));
      if (nodesOf(own).length > most) report(`G4: more than ${String(most)} of policy ${policy} at once: ${names}`);
    }
  }

  function judgeCordon(name: string): void {
    const owner = nodeOf(name)?.metadata.annotations[ANNOTATION_CORDONED_BY];
    const incident = incidents().find(({ metadata }) => metadata.name === owner);
    if (incident === undefined) return;
    const well = wellness(incident, WELL_MS + CORDON_WINDOW_MS);
    if (well !== undefined) report(`G2: ${name} is cordoned, which ${well}`);
    const by = forbiddenBy([name, incident.spec.plan.policy], CORDON_WINDOW_MS);
    if (by !== undefined) report(`G6: ${name} is cordoned in spite of ${by}`);
  }

  function cordonedNow(): Set<string> {
    const nodes = local.list<Node>(NODES).filter(({ spec }) => spec.unschedulable);
    return new Set(nodes.map(({ metadata }) => metadata.name));
  }

  let cordoned = new Set<string>();
  local.onWrite(() => {
    cordoned = cordonedNow();
  });
  function judgeNode(name: string): void {
    const isCordoned = cordonedNow().has(name);
    if (isCordoned && !cordoned.has(name)) {
      judgeCordon(name);
      world.reached('cordoned', name);
    }
    const wasOthers = cordoned.has(name) && forbidden.has(`${name} cordon`);
    if (!isCordoned && wasOthers) report(`G7: the controller has undone a cordon of ${name} that is not its own`);
  }

  function reach(moment: Moment, incident: KubeletIncident, step: string): void {
    const key = `${incident.metadata.uid} ${step} ${moment}`;
    if (moments.has(key)) return;
    moments.add(key);
    world.reached(moment, incident.spec.nodeName);
  }

  /** An incident is at a moment that it was not at before. */
  function tellMoment(name: string): void {
    const incident = local.read<KubeletIncident>(INCIDENTS, name);
    if (incident === undefined || !isOpen(incident)) return;
    const { steps = [], actions = [] } = incident.status;
    if (hasReservation(incident.status)) reach('placed', incident, '');
    const step = steps.filter(isActStep).at(-1);
    if (step?.state !== 'Requested') return;
    const record = actions.find((one) => one.name === step.name);
    if (record === undefined) reach('requested', incident, step.name);
    else if (record.state === 'Reserved') reach('reserved', incident, step.name);
  }

  local.onStored(({ plural, name, manager, subresource }) => {
    const isOurs = manager === CONTROLLER_MANAGER;
    if (plural === INCIDENTS.plural && isOurs && subresource === 'status') {
      incidentWrites.set(name, (incidentWrites.get(name) ?? 0) + 1);
    }
    if (plural === INCIDENTS.plural || plural === NODES.plural) judgeConcurrency();
    if (plural === NODES.plural && isOurs) judgeNode(name);
    if (plural === INCIDENTS.plural && subresource === 'status') tellMoment(name);
  });

  return {
    commanded,
    cordonOf,
    sent(party, plural): void {
      if (world.controllers.length < 2 || plural === LEASES.plural) return;
      const leader = world.leader();
      if (leader !== party) report(`G8: ${party} writes ${plural}, and ${leader ?? 'nobody'} leads`);
    },
    forbid(scope, reason, isForbidden): void {
      const key = `${scope} ${reason}`;
      if (!isForbidden) forbidden.delete(key);
      else if (!forbidden.has(key)) forbidden.set(key, clock.monotonic());
    },
    forgive(node): void {
      forgiven.set(node, clock.monotonic());
    },
    fault(node): void {
      faulted.add(node);
    },
    report,
    seen: () => violations,
    incidentWrites,
  };
}
