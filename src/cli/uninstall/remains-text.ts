/** What `uninstall` tells a person. Pure. */
import { GROUP } from '../../api/v1alpha1/words/names.ts';
import { renderTable } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { abandoned } from './objections.ts';
import { RECORDS, type NodeRemains, type Remains } from './remains.ts';

/** Names in a line. */
const MAX_NAMES = 5;

function names(all: readonly string[]): string {
  const more = all.length > MAX_NAMES ? `, and ${String(all.length - MAX_NAMES)} more` : '';
  return oneLine(all.slice(0, MAX_NAMES).join(', ') + more);
}

const STAYS = 'stays';

type Row = readonly [what: string, count: string, where: string, fate: string];

function nodeRow(
  { nodes }: Remains,
  what: string,
  fate: string,
  isOne: (remains: NodeRemains) => boolean,
): readonly Row[] {
  const found = nodes.filter(isOne).map(({ node }) => node.metadata.name);
  return found.length === 0 ? [] : [[what, String(found.length), names(found), fate]];
}

function rowsOf(remains: Remains, keepRecords: boolean): readonly Row[] {
  const { kinds, counts, maintenance, elections } = remains;
  const leases = elections.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  return [
    ...nodeRow(remains, 'cordons of ours', 'uncordoned', ({ cordonOf }) => cordonOf !== undefined),
    ...nodeRow(remains, 'marks of cordons that are not ours', 'removed; the cordon stays', ({ isMarked }) => isMarked),
    ...nodeRow(remains, 'conditions KubeletStuck', 'removed', ({ hasCondition }) => hasCondition),
    ...nodeRow(remains, 'exclusions and drill labels of people', STAYS, ({ ofPeople }) => ofPeople.length > 0),
    ...(maintenance.length === 0
      ? []
      : [
          [
            'maintenance leases of ours',
            String(maintenance.length),
            names(maintenance.map(({ metadata }) => metadata.name)),
            'given back',
          ] as const,
        ]),
    ...(leases.length === 0 ? [] : [['election leases', String(leases.length), names(leases), 'removed'] as const]),
    ...kinds.map((plural): Row => {
      const fate = keepRecords && RECORDS.includes(plural) ? STAYS : 'removed with all objects';
      return [`${plural}.${GROUP}`, String(counts.get(plural) ?? 0), 'the CRD and its objects', fate];
    }),
  ];
}

/** What nobody can remove from here, and who can. */
export function beyondReach({ allNodes, goneNodes }: Remains): string {
  const where = '/var/lib/kubelet-medic, or agent.stateDir of the chart';
  const gone =
    goneNodes.length === 0 ? '' : `Nodes that are gone took theirs along, if their disks are: ${names(goneNodes)}.\n`;
  return (
    `Not reached from here: evidence and state on the disks of ${String(allNodes.length)} nodes (${where}), and the programs' namespace.\n` +
    `On each node: rm -rf /var/lib/kubelet-medic, for example by kubectl debug node/NODE --profile=sysadmin --image=IMAGE -- rm -rf /host/var/lib/kubelet-medic\n${gone}`
  );
}

/** Whether anything goes at all. */
export function isToGo(remains: Remains, keepRecords: boolean): boolean {
  return rowsOf(remains, keepRecords).some(([, , , fate]) => fate !== STAYS);
}

/** Empty: no act was cut off. */
export function abandonedText(remains: Remains): string {
  const acts = abandoned(remains);
  return acts.length === 0 ? '' : `Left in the midst of an act, which nobody finishes: ${names(acts)}\n`;
}

export function remainsText(remains: Remains, keepRecords: boolean): string {
  const rows = rowsOf(remains, keepRecords);
  const found =
    rows.length === 0
      ? 'Nothing of kubelet-medic is in the cluster.\n'
      : renderTable([['WHAT', 'COUNT', 'WHERE', 'FATE'], ...rows]);
  const unseen = remains.unseen.map((line) => `not seen: ${oneLine(line)}\n`).join('');
  return `${found}${unseen}`;
}
