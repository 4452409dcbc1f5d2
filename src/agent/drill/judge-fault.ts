/** The agent's last look before a fault is made for a drill: all that the controller judged and that can be seen from here, anew. */
import type { Drill } from '../../api/v1alpha1/parts/drill.ts';
import type { KubeletIncident, Step } from '../../api/v1alpha1/kinds/incident.ts';
import { NODES, POLICIES } from '../../api/resources.ts';
import { FAULTS } from '../../core/decision/drill/faults.ts';
import { drillOf, objectionToDrill } from '../../core/decision/drill/drill-objection.ts';
import type { DrillRefusal } from '../../core/decision/record/reasons.ts';
import { fromTime, toTime } from '../../core/time/timestamp.ts';
import type { ProcessIdentity, UnitFacts } from '../../ports/host.ts';
import { readUnit } from '../health/look-at-host.ts';
import { type Reading, valueOf } from '../health/observation.ts';
import { probeOnce } from '../health/probe-runtime.ts';
import { type ActParts, readBootID } from '../act/judge-act.ts';
import type { World } from '../world.ts';

const CALL_LIMIT_MS = 10_000;

interface FaultRefusal {
  readonly reason: DrillRefusal;
  readonly message: string;
}

/** The process that is to be stopped. */
interface Patient extends ProcessIdentity {
  readonly unit: UnitFacts;
  readonly bootID: string | undefined;
}

export type FaultJudgement =
  | { readonly kind: 'refused'; readonly refusal: FaultRefusal }
  | { readonly kind: 'allowed'; readonly drill: Drill; readonly patient: Patient };

function refusal(reason: DrillRefusal, message: string): FaultJudgement {
  return { kind: 'refused', refusal: { reason, message } };
}

/**
 * Whether anything objects to the fault now.
 * @throws `MedicError` while the Node or the policy cannot be read: then nothing is done, until it is too late for it.
 */
export async function judgeFault(
  parts: ActParts,
  { incident, step }: { readonly incident: KubeletIncident; readonly step: Step },
  signal: AbortSignal,
): Promise<FaultJudgement> {
  const { world, requests } = parts;
  const drill = drillOf(incident);
  if (drill === undefined || drill.dryRun === true) return refusal('DrillNotAllowed', 'the incident asks for no fault');
  const apiNow = world.clock.now() - requests.clockAheadMs();
  const deadline = fromTime(step.deadline) ?? 0;
  if (apiNow > deadline)
    return refusal('DrillExpired', `it was to be done by ${toTime(deadline)}, and it is ${toTime(apiNow)} now`);
  const { policy: name } = incident.spec.plan;
  const call = { signal, deadlineMs: CALL_LIMIT_MS };
  const [node, policy] = await Promise.all([
    world.cluster.get(NODES, { name: world.node }, call),
    name === '' ? undefined : world.cluster.get(POLICIES, { name }, call),
  ]);
  const incidents = requests.openIncidents();
  const objection = objectionToDrill({ incident, node, policy, lease: { kind: 'unused' }, incidents }, drill);
  if (objection !== undefined) return { kind: 'refused', refusal: objection };
  return (await notWell(parts, signal)) ?? (await findPatient(parts, drill, signal));
}

async function notWell({ world, board }: ActParts, signal: AbortSignal): Promise<FaultJudgement | undefined> {
  const pleg = board.current().pleg?.state ?? 'Unknown';
  const probe = (await probeOnce(world, signal)).state;
  if (pleg === 'Healthy' && probe === 'Answered') return undefined;
  return refusal('NodeNotWell', `the node is not well already (PLEG ${pleg}, CRI probe ${probe})`);
}

/** Only a process that runs and that nobody else holds. */
async function findPatient({ world }: ActParts, drill: Drill, signal: AbortSignal): Promise<FaultJudgement> {
  const { role } = FAULTS[drill.fault];
  const [kubelet, runtime, bootID] = await Promise.all([
    readUnit(world, 'kubelet', signal),
    readUnit(world, 'runtime', signal),
    readBootID(world, signal),
  ]);
  const unit = valueOf(role === 'kubelet' ? kubelet : runtime);
  if (unit === undefined || unit.mainPID === 0 || unit.activeState !== 'active')
    return refusal('NoSuchProcess', `no unit of the ${role} runs that systemd knows`);
  if (isOne(kubelet, runtime) && role === 'runtime')
    return refusal(
      'OneProcess',
      `${unit.unit} runs kubelet and runtime in one process: the fault would be another one`,
    );
  const startTicks = await startOfRunning(world, unit.mainPID);
  if (startTicks === undefined)
    return refusal('NoSuchProcess', `process ${String(unit.mainPID)} of ${unit.unit} does not run, or is held already`);
  return { kind: 'allowed', drill, patient: { pid: unit.mainPID, startTicks, unit, bootID } };
}

/** undefined: it does not run, or is stopped, frozen or debugged. */
async function startOfRunning({ host }: World, pid: number): Promise<number | undefined> {
  const facts = await host.facts.process(pid);
  if (facts === undefined || facts.frozen || facts.tracerPID !== 0) return undefined;
  return 'RSDI'.includes(facts.state) ? facts.startTicks : undefined;
}

function isOne(kubelet: Reading<UnitFacts>, runtime: Reading<UnitFacts>): boolean {
  const pid = valueOf(kubelet)?.mainPID;
  return pid !== undefined && pid === valueOf(runtime)?.mainPID;
}
