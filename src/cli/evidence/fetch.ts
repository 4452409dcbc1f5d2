/** Bytes of artifacts, from Secrets and from the spool of the node. */
import { HEALTHS, PODS, SECRETS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { LABEL_COMPONENT } from '../../api/v1alpha1/names.ts';
import { MedicError } from '../../ports/errors.ts';
import type { PodRef } from '../../ports/pod-exec.ts';
import type { Session } from '../session.ts';
import type { Location } from './location.ts';

export interface Fetcher {
  /** @throws MedicError, which says why it is not to be had. */
  fetch(location: Exclude<Location, { kind: 'none' }>): Promise<Buffer>;
}

const EXEC_MS = 60_000;
/** As much as a spool takes of one file. A file that has grown since it was sealed is fetched too: its checksum tells. */
const MAX_BYTES = 268_435_456;
const AGENT_CONTAINER = 'agent';

/** @param spoolDir the spool as the agent's container sees it. */
export function createFetcher(session: Session, incident: KubeletIncident, spoolDir: string): Fetcher {
  const { cluster, exec } = session;
  const secrets = new Map<string, Promise<Readonly<Record<string, string>>>>();
  let agent: Promise<PodRef> | undefined;

  async function readSecret(namespace: string, name: string): Promise<Readonly<Record<string, string>>> {
    const secret = await cluster.get(SECRETS, { namespace, name });
    if (secret === undefined) throw notFound(`the Secret ${namespace}/${name} is gone`);
    const isOurs = secret.metadata.ownerReferences.some(({ uid }) => uid === incident.metadata.uid);
    if (!isOurs) throw notFound(`the Secret ${namespace}/${name} is not one of this incident`);
    return secret.data;
  }

  return {
    fetch: async (location) => {
      if (location.kind === 'spool') {
        const path = `${spoolDir}/${location.bundle}/${location.file}`;
        const target = await (agent ??= findAgent(session, incident.spec.nodeName));
        return await exec.run(target, ['cat', '--', path], { deadlineMs: EXEC_MS, maxBytes: MAX_BYTES });
      }
      const { namespace, name, key } = location;
      const id = `${namespace}/${name}`;
      const reading = secrets.get(id) ?? readSecret(namespace, name);
      secrets.set(id, reading);
      const data = await reading;
      const value = data[key];
      if (value === undefined) throw notFound(`the Secret ${id} has no ${key}`);
      return Buffer.from(value, 'base64');
    },
  };
}

function notFound(message: string): MedicError {
  return new MedicError('E_CLI_NOT_FOUND', 'absent', message);
}

/** As its KubeletHealth names it; where that is gone or old, the pod that runs on the node now. */
async function findAgent({ cluster }: Session, node: string): Promise<PodRef> {
  const health = await cluster.get(HEALTHS, { name: node });
  const namespace = health?.status.agent?.namespace;
  const query = {
    labelSelector: `app.kubernetes.io/name=kubelet-medic,${LABEL_COMPONENT}=agent`,
    fieldSelector: `spec.nodeName=${node}`,
    ...(namespace === undefined ? {} : { namespace }),
  };
  const { items } = await cluster.list(PODS, query);
  const pod = items.find(({ spec, status }) => spec.nodeName === node && status.phase === 'Running');
  if (pod === undefined) throw notFound(`no agent runs on node ${node}: its spool can be read on the node itself`);
  return { namespace: pod.metadata.namespace ?? namespace ?? '', pod: pod.metadata.name, container: AGENT_CONTAINER };
}
