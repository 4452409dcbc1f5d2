/** Two controllers; the pod of the one that leads is deleted by force right after the cordon. The other one ends the incident. */
import { completedIncident, incidentsOf, incidentWhen, isCordonDone } from '../../incidents.ts';
import { kubectl, node } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { until } from '../../shell.ts';
import { checkCordonedOnce } from '../recovery.ts';
import {
  AFTER_OUTAGE_MS,
  before,
  checkOneRestart,
  checkOutcome,
  checkWell,
  deletePodByForce,
  slowNode,
  stateOf,
} from './interfered.ts';

const NAME = 'leader-killed';
const NODE = slowNode('node-16');

async function leader(): Promise<string> {
  const name = await kubectl(
    ...['get', 'lease', '-n', 'kubelet-medic', 'kubelet-medic-controller', '-o', 'jsonpath={.spec.holderIdentity}'],
  );
  return name.trim();
}

export const leaderKilled: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  // Last, so that nearly all other incidents are over when it loses its leader.
  startAfterMs: AFTER_OUTAGE_MS + 90_000,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    const seen = await incidentWhen(NODE.name, 'the cordon is written down', isCordonDone);
    const old = await leader();
    await deletePodByForce(old);
    const killedAt = Date.now();
    report.note(`${NAME}: ${old} is deleted; of the incident was seen: ${stateOf(seen)}`);
    const next = await until('another controller leads', 120_000, async () => {
      const holder = await leader();
      return holder === '' || holder === old ? undefined : holder;
    });
    report.note(`${NAME}: ${next} leads ${((Date.now() - killedAt) / 1000).toFixed(1)} s later`);
    const incident = await completedIncident(NODE.name, 5 * 60_000);
    const completedAt = Date.parse(incident.status.timings?.completedAt ?? '');
    report.check(NAME, 'the leader was killed in the midst of it', completedAt > killedAt);
    checkOutcome(report, NAME, incident, 'Recovered');
    report.check(NAME, 'there is one incident', (await incidentsOf(NODE.name)).length === 1);
    await checkOneRestart(report, NAME, NODE.name, was);
    await checkWell(report, NAME, NODE.name);
    checkCordonedOnce(report, NAME, NODE.name);
  },
};
