/** Takes away what kubelet-medic has left in a cluster. Each part may be done already: who was cut off begins again. */
import type { Node } from '../../api/kubernetes/node.ts';
import type { Lease } from '../../api/kubernetes/objects.ts';
import { LEASES, NODES } from '../../api/resources.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER, GROUP } from '../../api/v1alpha1/words/names.ts';
import { uncordonPatch, unmarkPatch } from '../../core/decision/cordon-patch.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { PLUGIN_MANAGER, type Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { CRDS, retryDeletion } from './crd.ts';
import { RECORDS, type NodeRemains, type Remains } from './remains.ts';

/** Of one node: whoever writes it meanwhile is waited out. */
const TRIES = 5;
/** Objects go one by one, and a large history takes its time. */
const GONE_WITHIN_MS = 300_000;
const LOOK_MS = 1_000;

/** @returns false: there was nothing to take back. */
async function takeBackCordon({ cluster }: Session, name: string): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const node = await cluster.get(NODES, { name });
    const incident = node?.metadata.annotations[ANNOTATION_CORDONED_BY];
    if (node === undefined) return false;
    const cordon = incident === undefined ? undefined : uncordonPatch(node, incident);
    const patch = cordon ?? unmarkPatch(node, incident);
    if (patch === undefined) return false;
    try {
      await cluster.jsonPatch(NODES, { name }, patch, { manager: PLUGIN_MANAGER });
      return true;
    } catch (error) {
      if (!isMedicError(error, 'conflict') || tries === TRIES) throw error;
    }
  }
}

/** Who applies nothing gives up what it has applied: another manager's conditions, and what others own of ours, stay. */
async function removeCondition({ cluster }: Session, { metadata }: Node): Promise<void> {
  const manifest = { apiVersion: 'v1', kind: 'Node', metadata: { name: metadata.name, uid: metadata.uid } };
  await cluster.apply(NODES, manifest, { manager: CONTROLLER_MANAGER, subresource: 'status' });
}

async function freeLease({ cluster }: Session, { metadata, spec }: Lease): Promise<void> {
  const { name, namespace = '' } = metadata;
  const patch = [
    { op: 'test', path: '/spec/holderIdentity', value: spec.holderIdentity },
    { op: 'replace', path: '/spec/holderIdentity', value: '' },
    // An empty holder does not free it for medik8s' operators; a time that is over does.
    { op: 'add', path: '/spec/leaseDurationSeconds', value: 1 },
  ] as const;
  await cluster.jsonPatch(LEASES, { name, namespace }, patch, { manager: PLUGIN_MANAGER });
}

async function removeKind({ cluster, clock }: Session, plural: string): Promise<void> {
  const ref = { name: `${plural}.${GROUP}` };
  await cluster.delete(CRDS, ref);
  const until = clock.monotonic() + GONE_WITHIN_MS;
  for (let crd = await cluster.get(CRDS, ref); crd !== undefined; crd = await cluster.get(CRDS, ref)) {
    if (clock.monotonic() > until)
      throw new MedicError('E_KUBE_DEADLINE', 'transient', `its objects are still going: kubectl get crd ${ref.name}`);
    await retryDeletion(cluster, crd);
    await clock.sleep(LOOK_MS, new AbortController().signal);
  }
}

/** `work` gives false where there was nothing to do any more. */
type Part = readonly [what: string, work: () => Promise<unknown>];

function partsOfNode(session: Session, { node, cordonOf, isMarked, hasCondition }: NodeRemains): readonly Part[] {
  const { name } = node.metadata;
  const cordon: Part = [
    cordonOf === undefined ? `marks on node/${name} removed` : `node/${name} uncordoned`,
    () => takeBackCordon(session, name),
  ];
  const condition: Part = [`condition of node/${name} removed`, () => removeCondition(session, node)];
  return [...(cordonOf !== undefined || isMarked ? [cordon] : []), ...(hasCondition ? [condition] : [])];
}

/** Records go last: until then a run that was cut off can be told of by them. */
function partsOf(session: Session, remains: Remains, keepRecords: boolean): readonly Part[] {
  const { cluster } = session;
  const kinds = remains.kinds.filter((plural) => !RECORDS.includes(plural));
  const records = keepRecords ? [] : remains.kinds.filter((plural) => RECORDS.includes(plural));
  return [
    ...remains.nodes.flatMap((node) => partsOfNode(session, node)),
    ...remains.maintenance.map((lease): Part => [
      `lease ${lease.metadata.name} given back`,
      () => freeLease(session, lease),
    ]),
    ...remains.elections.map(({ metadata: { name, namespace = '' } }): Part => {
      return [`lease ${namespace}/${name} removed`, () => cluster.delete(LEASES, { name, namespace })];
    }),
    ...[...kinds, ...records].map((plural): Part => [`${plural}.${GROUP} removed`, () => removeKind(session, plural)]),
  ];
}

/** A part that fails is told, and the rest is done all the same. @returns how many have failed. */
export async function remove(session: Session, remains: Remains, keepRecords: boolean): Promise<number> {
  const { terminal } = session;
  let failed = 0;
  for (const [what, work] of partsOf(session, remains, keepRecords)) {
    try {
      if ((await work()) === false) continue;
      terminal.out(`${oneLine(what)}\n`);
    } catch (error) {
      if (isMedicError(error, 'absent')) continue;
      if (!isMedicError(error)) throw error;
      failed++;
      terminal.note(`not done: ${oneLine(what)}: ${oneLine(error.message)}\n`);
    }
  }
  return failed;
}
