/**
 * The agent's pod is deleted by force when it has reserved the restart. Its token is worth nothing from then on, so it cannot
 * report; the agent that follows finds out what was done.
 */
import { completedIncident, incidentsOf, incidentWhen, isReserved } from '../../incidents.ts';
import { node } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { checkCordonedOnce } from '../recovery.ts';
import {
  AFTER_OUTAGE_MS,
  agentPod,
  before,
  checkOneRestart,
  checkOutcome,
  checkWell,
  deletePodByForce,
  isKubeletAsBefore,
  slowNode,
  stateOf,
} from './interfered.ts';

const NAME = 'agent-pod-deleted';
const NODE = slowNode('node-11');

export const agentPodDeleted: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS + 30_000,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    const seen = await incidentWhen(NODE.name, 'the restart is reserved', isReserved);
    const old = await agentPod(NODE.name);
    await deletePodByForce(old);
    report.check(
      NAME,
      'the pod was deleted before the old kubelet had ended',
      await isKubeletAsBefore(NODE.name, was),
      stateOf(seen),
    );
    const incident = await completedIncident(NODE.name, 6 * 60_000);
    checkOutcome(report, NAME, incident, 'Recovered');
    const record = incident.status.actions?.find(({ action }) => action === 'RestartKubelet');
    const next = await agentPod(NODE.name);
    report.check(
      NAME,
      'another agent reported what became of the restart',
      record?.state === 'Succeeded' && next !== old && next !== '',
      `${old} -> ${next}: ${String(record?.state)}, ${String(record?.message)}`,
    );
    report.check(NAME, 'there is one incident', (await incidentsOf(NODE.name)).length === 1);
    await checkOneRestart(report, NAME, NODE.name, was);
    await checkWell(report, NAME, NODE.name);
    checkCordonedOnce(report, NAME, NODE.name);
  },
};
