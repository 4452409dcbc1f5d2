/** A fleet that is ready to be measured: its cluster, its history and its nodes. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../../src/api/meta.ts';
import { INCIDENTS, POLICIES } from '../../../src/api/resources.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { isMedicError } from '../../../src/ports/errors.ts';
import { installChart, renderChart } from '../../support/chart.ts';
import type { ControlPlane } from '../../support/control-plane.ts';
import { rawResource } from '../../support/raw-resource.ts';
import { eventually } from '../../support/real-time.ts';
import { type Controller, type Shipped, shippedController, startController } from './machine/controller.ts';
import { etcdBytes } from './machine/etcd.ts';
import { connectTo, createTokenSigner, NAMESPACE, startFleetPlane } from './machine/plane.ts';
import { comes, mib, type Say } from './measures.ts';
import { type Fleet, startFleet } from './nodes/fleet-process.ts';
import { historyOf, seedHistory, seedNodes } from './seed/seed.ts';
import { createTemplate } from './seed/template.ts';

/** The breaker of a fleet: the chart's own 50 % is for a cluster of a few nodes. */
const BREAKER = '5%';

const ACCOUNTS = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
const AGENT = 'kubelet-medic-agent';

/** What has been started, in order; ended from the last to the first. */
export class Started {
  readonly #ends: (() => Promise<void>)[] = [];
  #ended: Promise<void> | undefined;
  add<T extends { stop(): Promise<void> }>(part: T): T {
    this.#ends.push(() => part.stop());
    return part;
  }
  /** Whoever asks waits for the same end: a run that a signal ends fails at once, and must not end before its parts. */
  end(): Promise<void> {
    this.#ended ??= this.#endAll();
    return this.#ended;
  }
  async #endAll(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

export interface Bench {
  readonly plane: ControlPlane;
  readonly admin: Cluster;
  readonly shipped: Shipped;
  readonly fleet: Fleet;
  readonly nodes: number;
  readonly say: Say;
  /** Bytes of etcd with the Nodes, and nothing of ours. */
  readonly bareBytes: number;
  start(name: string, limitBytes: number): Controller;
}

const Policy = z.object({ metadata: ObjectMeta, spec: z.looseObject({}) });

/** Its watches come after what etcd was told: until then it refuses to list (`Too large resource version`). */
async function hasSeen(cluster: Cluster, incidents: number): Promise<boolean> {
  try {
    return (await cluster.list(INCIDENTS, { pageSize: 100 })).items.length >= incidents;
  } catch (error) {
    if (isMedicError(error, 'transient')) return false;
    throw error;
  }
}

export async function prepare(nodes: number, started: Started, say: Say): Promise<Bench> {
  const sets = [`policy.spec.budget.maxUnhealthy=${BREAKER}`, `controller.nodes=${String(nodes)}`];
  const chart = renderChart(NAMESPACE, sets);
  const policy = Policy.parse(chart.find(({ kind }) => kind === POLICIES.kind)).spec;
  const [plane, template] = await Promise.all([startFleetPlane(), createTemplate(policy)]);
  started.add(plane);
  const admin = connectTo(plane, 'admin');
  say('the control plane runs');
  const uids = await seedNodes(admin, nodes);
  const bareBytes = await etcdBytes(plane);
  say(`${nodes} nodes, ${mib(bareBytes)} in etcd`);
  await seedHistory(plane, admin, { policy, template, uids });
  await eventually('the API server has seen the history', () => hasSeen(admin, historyOf(nodes)), 180_000);
  await installChart(admin, NAMESPACE, sets);
  say(`old incidents and healths, ${mib((await etcdBytes(plane)) - bareBytes)} more in etcd`);
  const shipped = shippedController(chart);
  const uidOf = async (name: string): Promise<string> =>
    (await admin.get(ACCOUNTS, { name, namespace: NAMESPACE }))?.metadata.uid ?? '';
  const { port, ca, tokenKeyFile } = plane;
  const agent = { account: AGENT, accountUID: await uidOf(AGENT) };
  const fleet = started.add(startFleet({ nodes, port, ca, tokenKeyFile, ...agent }));
  fleet.tell({ kind: 'start' });
  await comes('all agents have reported', () => fleet.state().reported === nodes, 240_000, say);
  say(`${fleet.state().reported} agents have reported; ${fleet.state().failures} of their calls failed`);
  const { account } = shipped;
  const token = createTokenSigner(tokenKeyFile)({ account, accountUID: await uidOf(account) });
  const start: Bench['start'] = (name, limitBytes) =>
    started.add(startController({ name, plane, shipped, token, limitBytes }));
  return { plane, admin, shipped, fleet, nodes, say, bareBytes, start };
}
