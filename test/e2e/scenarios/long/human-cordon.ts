/** A person uncordons the node while it is being recovered, and cordons it a moment later. We do neither over him. */
import { cordonWrites } from '../../audit.ts';
import { completedIncident, incidentWhen, isCordonDone, isReserved } from '../../incidents.ts';
import { kubectl, node, nodeNow } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../shell.ts';
import { AFTER_OUTAGE_MS, before, checkOneRestart, checkOutcome, slowNode, stateOf } from './interfered.ts';

const NAME = 'human-cordon';
const NODE = slowNode('node-13');
/** So that looks at the node that are due after the end of the incident have been made. */
const AFTERWARDS_MS = 75_000;

export const humanCordon: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS + 60_000,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    const seen = await incidentWhen(NODE.name, 'the cordon is written down', isCordonDone);
    await kubectl('uncordon', NODE.name);
    const uncordonedAt = Date.now();
    report.note(`${NAME}: uncordoned by a person; of the incident was seen: ${stateOf(seen)}`);
    await incidentWhen(NODE.name, 'the restart is reserved', isReserved);
    await pause(5_000);
    const between = await nodeNow(NODE.name);
    report.check(NAME, 'the node that a person uncordoned is not cordoned again', !between.isCordoned);
    await kubectl('cordon', NODE.name);
    const cordonedAt = Date.now();
    const incident = await completedIncident(NODE.name, 5 * 60_000);
    const completedAt = Date.parse(incident.status.timings?.completedAt ?? '');
    report.check(
      NAME,
      'both fell in the midst of the recovery',
      completedAt > cordonedAt && cordonedAt > uncordonedAt,
      `complete ${((completedAt - cordonedAt) / 1000).toFixed(1)} s after the second`,
    );
    checkOutcome(report, NAME, incident, 'Recovered');
    await checkOneRestart(report, NAME, NODE.name, was);
    await pause(AFTERWARDS_MS);
    const end = await nodeNow(NODE.name);
    report.check(
      NAME,
      "the node is Ready, and a person's cordon stays",
      end.isReady && end.isCordoned,
      JSON.stringify(end),
    );
    const kinds = cordonWrites(NODE.name).map(({ kind }) => kind);
    report.check(NAME, 'our programs cordoned once, and uncordoned never', kinds.join() === 'cordon', kinds.join());
    const words = incident.status.conditions?.find(({ type }) => type === 'NodeUncordoned');
    report.check(
      NAME,
      'the incident says that the cordon is no longer ours',
      words?.status === 'False' && words.reason === 'LeftAlone',
      words?.message ?? '',
    );
    await kubectl('uncordon', NODE.name);
  },
};
