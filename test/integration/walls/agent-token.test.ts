/** The token that outlives the agent's pod, on a real API server: what it is good for, and what a thief can have (ADR 12). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HEALTHS, NODES } from '../../../src/api/resources.ts';
import { createCluster } from '../../../src/kube/cluster.ts';
import { withNodeToken } from '../../../src/kube/connection/node-token.ts';
import { requestNodeToken } from '../../../src/kube/token-request.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { createRecordingLog, type RecordingLog } from '../../support/builders/recording.ts';
import { AGENT, CONTROLLER, MANAGER } from '../../contract/subject.ts';
import { NAMESPACE, startIdentities, type Identities } from '../../support/identities.ts';
import { PODS, rawResource } from '../../support/raw-resource.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';
import { expectRefused } from './attack.ts';

const ACCOUNT = 'kubelet-medic-agent';
const STATUS = { ...AGENT, subresource: 'status', force: true } as const;
const DAY_S = 86_400;

let ids: Identities;
let agentA: Cluster;
let ofNode: string;

const report = (cluster: Cluster, name: string): Promise<unknown> =>
  cluster.apply(HEALTHS, { metadata: { name }, status: { bootID: 'b' } }, STATUS);

const owner = (node: string): { readonly namespace: string; readonly account: string; readonly node: string } => ({
  namespace: NAMESPACE,
  account: ACCOUNT,
  node,
});

/** Any TokenRequest, as a thief would make it. */
function steal(cluster: Cluster, spec: object, account = ACCOUNT): Promise<unknown> {
  const requests = rawResource('v1', 'TokenRequest', `serviceaccounts/${account}/token`, true);
  const boundObjectRef = { apiVersion: 'v1', kind: 'Node', name: 'node-a' };
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { namespace: NAMESPACE },
    spec: { boundObjectRef, expirationSeconds: 3_600, audiences: [], ...spec },
  };
  return cluster.create(requests, body, MANAGER);
}

async function healthOf(name: string): Promise<void> {
  const uid = (await ids.admin.get(NODES, { name }))?.metadata.uid;
  const metadata = { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] };
  const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  await controller.apply(HEALTHS, { metadata, spec: {} }, { ...CONTROLLER, force: true });
}

beforeAll(async () => {
  ids = await startIdentities();
  agentA = ids.connect(await ids.tokenOf(ACCOUNT, 'node-a'));
  await eventually('the controller has its rights', async () => {
    try {
      await healthOf('node-a');
      await healthOf('node-b');
      return true;
    } catch {
      return false;
    }
  });
  await eventually('the admission policies are in force', async () => {
    const answers = await Promise.allSettled([
      report(agentA, 'node-b'),
      steal(agentA, { expirationSeconds: DAY_S * 2 }),
    ]);
    return answers.every(({ status }) => status === 'rejected');
  });
  const issued = await requestNodeToken(agentA, owner('node-a'), DAY_S);
  expect(issued.lifeMs).toBe(DAY_S * 1000);
  ofNode = issued.token;
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

test('the token of the node writes the status of its own node, and of no other', async () => {
  const agent = ids.connect(ofNode);
  await report(agent, 'node-a');
  await expectRefused(report(agent, 'node-b'), 'the agent of node node-a may not write the status');
});

describe('an agent gets no token', () => {
  test.each<readonly [string, object, string]>([
    ['of another node', { boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'node-b' } }, 'its own Node'],
    ['of no node', { boundObjectRef: undefined }, 'its own Node'],
    [
      'of its pod, which would ask for more',
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: `${ACCOUNT}-node-a` } },
      'its own Node',
    ],
    ['that lives longer', { expirationSeconds: DAY_S + 1 }, 'agent.tokenExpirationSeconds at most'],
    ['for somebody else', { audiences: ['https://vault.example.com'] }, 'https://vault.example.com are not all among'],
    [
      'for the API server and somebody else',
      { audiences: ['https://kubernetes.default.svc', 'sts.amazonaws.com'] },
      'are not all among agent.tokenAudiences',
    ],
  ])('%s', async (_what, spec, words) => {
    await expectRefused(steal(agentA, spec), words);
  });

  test('of another account', async () => {
    await expectRefused(steal(agentA, {}, 'kubelet-medic-controller'), 'cannot create resource');
    await expectRefused(steal(agentA, {}, 'default'), 'cannot create resource');
  });

  test('by one that is bound to the node, so that what is stolen ends with its time', async () => {
    await expectRefused(requestNodeToken(ids.connect(ofNode), owner('node-a'), DAY_S), 'not renewed by itself');
  });

  test('by one that is bound to nothing', async () => {
    const unbound = ids.connect(await ids.tokenOf(ACCOUNT));
    await expectRefused(requestNodeToken(unbound, owner('node-a'), DAY_S), 'with the one of its pod');
  });
});

describe('an agent whose pod is deleted', () => {
  async function agentOf(token: string, log: RecordingLog): Promise<Cluster> {
    const own = ids.plane.connection(token);
    const asked = ids.connect(token);
    const parts = { request: () => requestNodeToken(asked, owner('node-b'), DAY_S), clock: realClock, log };
    const agent = createCluster(withNodeToken(own, parts), { clock: realClock, random: realRandom, log });
    await report(agent, 'node-b');
    return agent;
  }

  test('goes on with the token of the node, until the Node is another one', async () => {
    const token = await ids.tokenOf(ACCOUNT, 'node-b');
    const log = createRecordingLog();
    const agent = await agentOf(token, log);
    await ids.admin.delete(PODS, { name: `${ACCOUNT}-node-b`, namespace: NAMESPACE });
    const withPodAlone = ids.connect(token);
    await eventually(
      'the token of the pod is void',
      async () => {
        // No request of the agent may fail meanwhile.
        await report(agent, 'node-b');
        return await report(withPodAlone, 'node-b').then(
          () => false,
          (error: unknown) => String(error).includes('401') || String(error).includes('Unauthorized'),
        );
      },
      120_000,
    );
    await report(agent, 'node-b');
    expect(log.entries.map(({ message }) => message)).toContain('The token of the pod is refused');
    await ids.admin.delete(NODES, { name: 'node-b' });
    await ids.admin.create(NODES, { metadata: { name: 'node-b' } }, MANAGER);
    await eventually('the token of the old Node is void', () =>
      report(agent, 'node-b').then(
        () => false,
        () => true,
      ),
    );
    expect(log.entries.map(({ message }) => message)).toContain('The token of the node is refused');
  }, 180_000);
});
