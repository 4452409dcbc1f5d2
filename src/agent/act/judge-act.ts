/**
 * The agent's last look before an act: everything is read between the read of the incident and the write that reserves,
 * and read again with each try of that write.
 */
import type { Node } from '../../api/kubernetes/node.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { NODES, POLICIES } from '../../api/resources.ts';
import type { Action, KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import { ACTIONS, type ActStep } from '../../core/decision/actions.ts';
import { isReady } from '../../core/decision/node-state.ts';
import { TRIGGERS } from '../../core/decision/node/triggers.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { readUnit } from '../health/look-at-host.ts';
import type { ObservationBoard, Reading } from '../health/observation.ts';
import { probeOnce } from '../health/probe-runtime.ts';
import type { Requests } from '../requests.ts';
import type { World } from '../world.ts';
import { type Asked, type Refusal, refuse, refuseLate } from './refusal.ts';
import { isFallen } from './start-stopped.ts';

export interface ActParts {
  readonly world: World;
  readonly board: ObservationBoard;
  readonly requests: Requests;
}

export interface Assignment {
  readonly incident: KubeletIncident;
  readonly step: ActStep;
}

/** The unit that an action is about, and the boot of the host. */
export interface HostNow {
  readonly unit: Reading<UnitFacts>;
  readonly bootID: string | undefined;
}

export type Judgement =
  { readonly kind: 'refused'; readonly refusal: Refusal } | { readonly kind: 'allowed'; readonly host: HostNow };

const CALL_LIMIT_MS = 10_000;

export async function readHostNow(world: World, action: Action, signal: AbortSignal): Promise<HostNow> {
  const { effect } = ACTIONS[action];
  // A reboot has no unit of its own; what became of it is told with the kubelet's.
  const role = effect.command === 'RestartUnit' ? effect.unit : 'kubelet';
  const [unit, bootID] = await Promise.all([readUnit(world, role, signal), readBootID(world, signal)]);
  return { unit, bootID };
}

export async function readBootID({ host }: World, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await host.facts.bootID();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/**
 * Whether anything objects to the act now.
 * @throws `MedicError` while the Node or the policy cannot be read: then nothing is done, until it is too late for it.
 */
export async function judgeAct(parts: ActParts, assignment: Assignment, signal: AbortSignal): Promise<Judgement> {
  const late = refuseLate(asked(parts, assignment));
  if (late !== undefined) return { kind: 'refused', refusal: late };
  const { world, board } = parts;
  const { incident, step } = assignment;
  const [host, node, policy] = await Promise.all([
    readHostNow(world, step.action, signal),
    world.cluster.get(NODES, { name: world.node }, { signal, deadlineMs: CALL_LIMIT_MS }),
    readPolicy(world, incident, signal),
  ]);
  const isProbed = ACTIONS[step.action].needsRuntime || mayBeWell(parts, incident, node);
  const probe = isProbed ? (await probeOnce(world, signal)).state : 'Unknown';
  const pleg = board.current().pleg?.state ?? 'Unknown';
  const isDebugged = isHeldByDebugger(parts, step.action);
  const isOfFall = host.unit.kind === 'known' && isFallen(board, host.unit.value);
  const facts = { node, policy, unit: host.unit, probe, pleg, isDebugged, isFallen: isOfFall };
  const refusal = refuse({ ...asked(parts, assignment), ...facts });
  return refusal === undefined ? { kind: 'allowed', host } : { kind: 'refused', refusal };
}

function asked({ world, requests }: ActParts, assignment: Assignment): Asked {
  return { ...assignment, now: world.clock.now(), clockAheadMs: requests.clockAheadMs() };
}

function isHeldByDebugger({ board }: ActParts, action: Action): boolean {
  const { effect } = ACTIONS[action];
  const { kubeletProgram, runtimeProgram } = board.current().host ?? {};
  const programs = { kubelet: kubeletProgram, runtime: runtimeProgram };
  const ended = effect.command === 'RestartUnit' ? [programs[effect.unit]] : Object.values(programs);
  return ended.some((program) => program?.state === 'Debugged');
}

/** A runtime that hangs holds a probe for seconds, so it is asked only where nothing else says that the node is ill. */
function mayBeWell({ board }: ActParts, { spec }: KubeletIncident, node: Node | undefined): boolean {
  const isWell = node !== undefined && isReady(node) && board.current().pleg?.state === 'Healthy';
  return TRIGGERS[spec.trigger.type].isMomentary && isWell;
}

async function readPolicy(
  { cluster }: World,
  { spec }: KubeletIncident,
  signal: AbortSignal,
): Promise<KubeletRecoveryPolicy | undefined> {
  if (spec.plan.policy === '') return undefined;
  return await cluster.get(POLICIES, { name: spec.plan.policy }, { signal, deadlineMs: CALL_LIMIT_MS });
}
