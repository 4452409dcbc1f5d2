/** One incident as the product itself leads it to its end, in a world of its own: old incidents are copies of it. */
import type { KubeletHealth } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { createControllerBench } from '../../../support/controller-harness.ts';
import { runtimeHungDumps } from '../../../demo/dumps.ts';

export interface Template {
  readonly incident: KubeletIncident;
  /** Of a node that is well. */
  readonly health: KubeletHealth;
  /** When that world began; its times count from there. */
  readonly beganAt: number;
}

/** @param policy the spec of the fleet's own. */
export async function createTemplate(policy: object): Promise<Template> {
  const budget = { budget: { maxUnhealthy: 1, maxConcurrent: 1 } };
  const bench = createControllerBench({ nodes: [NODE], dumps: runtimeHungDumps(), policy: { ...policy, ...budget } });
  try {
    const beganAt = bench.clock.now();
    bench.startController();
    bench.startAgent(NODE);
    await bench.clock.advance(60_000);
    const health = bench.health(NODE);
    bench.host(NODE).inject('runtime-hung');
    const incident = await bench.until(NODE, ({ status }) => status.outcome !== undefined);
    if (health === undefined) throw new Error('the world of the template has no health');
    return { incident, health, beganAt };
  } finally {
    await bench.finish();
  }
}

const NODE = 'ip-10-0-0-0.eu-central-1.compute.internal';
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A text with all of its times moved. */
export function movedBy(text: string, byMs: number): string {
  return text.replace(TIME, (time) => {
    const at = new Date(Date.parse(time) + byMs).toISOString();
    return time.includes('.') ? at : `${at.slice(0, 19)}Z`;
  });
}

/** A part of it as it would be on another node, its times moved by `byMs`. */
export function movedTo<T>(part: T, node: string, byMs: number): T {
  // What JSON.stringify wrote of it a moment before.
  return JSON.parse(movedBy(JSON.stringify(part).replaceAll(NODE, node), byMs)) as T;
}
