/**
 * The incident is deleted while the kubelet restarts. Nobody is left to undo the cordon but the sweep. The same trouble may open a
 * second incident; what is done is done once an incident.
 */
import { cordonWrites } from '../../audit.ts';
import { incidentsOf, incidentWhen, isReserved } from '../../incidents.ts';
import { kubectl, node, nodeNow, startsSince } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { pause, until } from '../../shell.ts';
import { AFTER_OUTAGE_MS, before, checkWell, isKubeletAsBefore, slowNode, stateOf } from './interfered.ts';

const NAME = 'incident-deleted';
const NODE = slowNode('node-12');
/** Long enough for a second incident to open, or to end. */
const SETTLE_MS = 20_000;

async function isSettled(): Promise<true | undefined> {
  const { isReady, isCordoned } = await nodeNow(NODE.name);
  const areOver = (await incidentsOf(NODE.name)).every(({ status }) => status.outcome !== undefined);
  return isReady && !isCordoned && areOver ? true : undefined;
}

export const incidentDeleted: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS + 45_000,
  async run(report) {
    const was = await before(NODE.name);
    await node('freeze', NODE);
    const seen = await incidentWhen(NODE.name, 'the restart is reserved', isReserved);
    await kubectl('delete', 'kubeletincident', seen.metadata.name, '--wait=false');
    const isInTime = await isKubeletAsBefore(NODE.name, was);
    report.check(NAME, 'it was deleted before the old kubelet had ended', isInTime, stateOf(seen));
    await until('the kubelet is another one', 120_000, async () =>
      (await isKubeletAsBefore(NODE.name, was)) ? undefined : true,
    );
    await until('the node is Ready and schedulable, and no incident is open', 6 * 60_000, isSettled);
    await pause(SETTLE_MS);
    await until('that lasts', 6 * 60_000, isSettled);
    await checkWell(report, NAME, NODE.name);
    const later = await incidentsOf(NODE.name);
    const outcomes = later.map(({ status }) => String(status.outcome)).join(', ');
    const acts = later.flatMap(({ status }) =>
      (status.actions ?? []).filter(({ action, state }) => action.startsWith('Restart') && state !== 'Refused'),
    );
    report.check(
      NAME,
      'no incident has a record of what was done for the deleted one',
      later.every(({ metadata, status }) =>
        (status.actions ?? []).every(
          ({ reservedAt }) => Date.parse(reservedAt) >= Date.parse(metadata.creationTimestamp),
        ),
      ),
    );
    const [kubelet, containerd] = [
      await startsSince(NODE.name, 'kubelet', was.at),
      await startsSince(NODE.name, 'containerd', was.at),
    ];
    report.check(
      NAME,
      'what was restarted was restarted once an incident',
      kubelet >= 1 && kubelet + containerd === 1 + acts.length && acts.length <= later.length,
      `kubelet ${String(kubelet)} times, containerd ${String(containerd)}; later incidents: ${outcomes === '' ? 'none' : outcomes}`,
    );
    const kinds = cordonWrites(NODE.name).map(({ kind }) => kind);
    report.check(
      NAME,
      'each cordon of ours was undone by us',
      kinds.length > 0 &&
        kinds.every((kind, index) => kind === (index % 2 === 0 ? 'cordon' : 'uncordon')) &&
        kinds.length % 2 === 0,
      kinds.join(),
    );
  },
};
