/**
 * The API server is stopped for 3 minutes right after the node was cordoned. What it was sent meanwhile it may still take up when
 * it is back. The incident goes on where it stood, with one restart; nodes that are well are left alone.
 */
import { cordonWrites } from '../../audit.ts';
import { completedIncident, incidentsOf, incidentWhen, isCordonDone } from '../../incidents.ts';
import { apiServer, node } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../shell.ts';
import { healthy } from '../healthy.ts';
import { checkCordonedOnce } from '../recovery.ts';
import { before, checkOneRestart, checkOutcome, checkWell, slowNode, stateOf } from './interfered.ts';

const NAME = 'api-server-stopped';
const NODE = slowNode('node-10');
const AWAY_MS = 180_000;

export const apiServerStopped: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    const seen = await incidentWhen(NODE.name, 'the cordon is written down', isCordonDone);
    await apiServer('pause');
    report.note(`${NAME}: the API server is away; of the incident was seen: ${stateOf(seen)}`);
    await pause(AWAY_MS);
    const back = Date.now();
    await apiServer('resume');
    report.note(`${NAME}: the API server is back`);
    const incident = await completedIncident(NODE.name, 8 * 60_000);
    const completedAt = Date.parse(incident.status.timings?.completedAt ?? '');
    report.check(
      NAME,
      'the API server was away in the midst of it, and it went on when it was back',
      completedAt > back,
      `complete ${((completedAt - back) / 1000).toFixed(1)} s later`,
    );
    checkOutcome(report, NAME, incident, 'Recovered');
    report.check(NAME, 'there is one incident', (await incidentsOf(NODE.name)).length === 1);
    await checkOneRestart(report, NAME, NODE.name, was);
    await checkWell(report, NAME, NODE.name);
    checkCordonedOnce(report, NAME, NODE.name);
    const bystanders = healthy.nodes.map(({ name }) => name);
    for (const name of bystanders)
      report.check(
        NAME,
        `${name}, which is well, has no incident and was never cordoned`,
        (await incidentsOf(name)).length === 0 && cordonWrites(name).length === 0,
      );
  },
};
