/**
 * The agent's pod is deleted by force while its kubelet is stuck and cannot end it: no other agent is started. The one that is
 * left has the token of its Node, and recovers the node; the agent of the next pod goes on from there.
 */
import { artifact, captured, completedIncident, incidentsOf } from '../../incidents.ts';
import { askAgent, breachTime, node } from '../../lab.ts';
import type { Report } from '../../report.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../shell.ts';
import { checkCordonedOnce } from '../recovery.ts';
import {
  AFTER_OUTAGE_MS,
  agentPod,
  before,
  checkNextAgent,
  checkOneRestart,
  checkOutcome,
  checkWell,
  deletePodByForce,
  reporterOf,
} from './interfered.ts';

const NAME = 'agent-pod-deleted';
const NODE = { name: 'node-11', env: { CRI_PROXY: '1' } };
/** The API server takes a token of a pod that is gone for ten seconds more: so long it remembers whom it knew. */
const VOID_AFTER_MS = 50_000;

async function deleteAgentPod(report: Report): Promise<string> {
  const old = await agentPod(NODE.name);
  await deletePodByForce(old);
  const deletedAt = Date.now();
  await pause(VOID_AFTER_MS);
  await askAgent(NODE.name);
  const { pod, reportedAt } = await reporterOf(NODE.name);
  report.check(
    NAME,
    'the agent of the deleted pod reports, and its successor does not',
    pod === old && reportedAt > deletedAt + 15_000 && (await agentPod(NODE.name)) !== old,
    `${pod}, ${String((reportedAt - deletedAt) / 1000)} s after the deletion of ${old}`,
  );
  return old;
}

export const agentPodDeleted: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS + 30_000,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    await pause(10_000);
    const old = await deleteAgentPod(report);
    const incident = await completedIncident(NODE.name, 8 * 60_000);
    checkOutcome(report, NAME, incident, 'Recovered');
    const dumps = await Promise.all(captured(incident, 'GoroutineDump').map(artifact));
    report.check(
      NAME,
      'with evidence',
      dumps.some((text) => text.includes('Relist')),
      `${String(dumps.length)} dumps`,
    );
    const breach = (await breachTime(NODE.name, was.at)) ?? Number.NaN;
    const ready = Date.parse(incident.status.timings?.readyAt ?? '') + 1_000;
    report.figure({
      scenario: NAME,
      what: 'breach line to Ready=True, the pod of the agent gone',
      value: (ready - breach) / 1000,
      limit: 30,
      unit: 's',
    });
    report.check(NAME, 'there is one incident', (await incidentsOf(NODE.name)).length === 1);
    await checkOneRestart(report, NAME, NODE.name, was);
    await checkWell(report, NAME, NODE.name);
    checkCordonedOnce(report, NAME, NODE.name);
    await checkNextAgent(report, NAME, NODE.name, old);
  },
};
