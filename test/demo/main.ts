/**
 * `npm run demo`: the main job on an embedded cluster. The API server and the hosts are simulated; the controller, the
 * agents and all that they do are the real code. It fails if the story does not end as it should.
 */
import { DEFAULT_BOUNDS } from '../../src/core/decision/storage/bounds.ts';
import { styleText } from 'node:util';
import { Node } from '../../src/api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES } from '../../src/api/resources.ts';
import { KubeletHealth } from '../../src/api/v1alpha1/kinds/health.ts';
import { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { startAgent } from '../../src/agent/agent.ts';
import { runController } from '../../src/controller/controller.ts';
import { wrap } from '../../src/cli/table.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { createSystemClock } from '../../src/platform/clock.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { createRecordingLog, createRecordingMetrics } from '../support/builders/recording.ts';
import { createSeededRandom } from '../support/clock.ts';
import { DEMO_NODES, type DemoCluster, startDemoCluster } from './cluster.ts';
import { unmetExpectations } from './expectations.ts';
import { kubectlTable } from './kubectl-table.ts';
import { termUntil } from '../support/term.ts';
import { createScaledClock } from './scaled-clock.ts';
import { isActing, type Line, tellHealth, tellIncident, tellNode } from './timeline.ts';

const FACTOR = 20;
/** The story is over in about 5 minutes of its own time; this is when it is given up. */
const LIMIT_MS = 15 * 60_000;
const NAMESPACE = 'kubelet-medic';
/** Where the text of a line starts. */
const INDENT = 38;

const clock = createScaledClock(FACTOR, Date.now());
const random = createSeededRandom(7);
const startedAt = clock.now();
const stop = new AbortController();
const log = createRecordingLog();
const metrics = createRecordingMetrics();

function paint(line: Line): string {
  const colours = { '✔': 'green', '✗': 'red', '●': 'red', '◌': 'yellow', '◷': 'yellow', '·': 'gray' } as const;
  const seconds = Math.round(((line.at ?? clock.now()) - startedAt) / 1000);
  const time = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  const words = `${line.mark} ${line.word}`.padEnd(20);
  const start = `  ${styleText('dim', time)}  ${styleText('bold', line.node)}  ${styleText(colours[line.mark], words)}`;
  // Continuation lines start under the text, so that a long sentence reads as one.
  const width = Math.max(80, process.stdout.columns || 120) - INDENT;
  return `${start} ${wrap(line.text, width, ' '.repeat(INDENT))}`.trimEnd();
}

function say(line: Line): void {
  console.log(paint(line));
}

/** Nodes under an act, each with what is told of it once the act is: a node may be Ready before its restart is reported. */
const acting = new Map<string, Line[]>();

function sayOfNode(now: Node, before: Node | undefined): void {
  const held = acting.get(now.metadata.name);
  const lines = tellNode(now, before);
  if (held === undefined) lines.forEach(say);
  else held.push(...lines.map((line) => ({ ...line, at: clock.now() })));
}

function sayOfIncident(now: KubeletIncident, before: KubeletIncident | undefined): void {
  const { nodeName } = now.spec;
  const held = acting.get(nodeName) ?? [];
  tellIncident(now, before).forEach(say);
  if (isActing(now)) {
    acting.set(nodeName, held);
    return;
  }
  acting.delete(nodeName);
  held.forEach(say);
}

function follow({ server }: DemoCluster): void {
  server.onChange(({ kind, object: now, previous: before, type }) => {
    if (type === 'DELETED') return;
    if (kind.plural === NODES.plural) sayOfNode(Node.parse(now), parsed(Node, before));
    if (kind.plural === HEALTHS.plural)
      tellHealth(KubeletHealth.parse(now), parsed(KubeletHealth, before)).forEach(say);
    if (kind.plural === INCIDENTS.plural) sayOfIncident(KubeletIncident.parse(now), parsed(KubeletIncident, before));
  });
}

function parsed<T>(type: { readonly parse: (object: unknown) => T }, object: unknown): T | undefined {
  return object === undefined ? undefined : type.parse(object);
}

function clusterAs(user: string, { server }: DemoCluster): Cluster {
  return createCluster(server.connection(user), { clock, random, log, callClock: createSystemClock() });
}

function startPrograms(demo: DemoCluster): readonly Promise<unknown>[] {
  const agents = [...demo.hosts].map(([node, { host }]) => {
    const world = {
      node,
      version: '0.1.0',
      pod: `agent-${node}`,
      namespace: NAMESPACE,
      host,
      clock,
      random,
      log,
      metrics,
    };
    return startAgent({ ...world, cluster: clusterAs(`agent-${node}`, demo) }, stop.signal).done;
  });
  const cluster = clusterAs('controller', demo);
  const world = {
    cluster,
    clock,
    random,
    log,
    metrics,
    nodeProxy: false,
    medik8sLeases: true,
    maxInCluster: 5,
    storage: DEFAULT_BOUNDS,
    failpoint: () => undefined,
  };
  return [runController(world, termUntil(stop.signal)), ...agents];
}

async function waitForTheEnd({ server }: DemoCluster): Promise<void> {
  const wanted = DEMO_NODES.filter((node) => node.fault !== undefined).length;
  while (clock.now() - startedAt < LIMIT_MS) {
    const incidents = server.list(INCIDENTS);
    if (incidents.length >= wanted && incidents.every((incident) => incident.status.outcome !== undefined)) return;
    await clock.sleep(1_000, stop.signal);
  }
}

function printTables({ server }: DemoCluster): void {
  const now = clock.now();
  const print = (name: string, objects: Parameters<typeof kubectlTable>[1]): void => {
    process.stdout.write(`\n$ ${styleText('bold', `kubectl get ${name}`)}\n${kubectlTable(name, objects, now)}`);
  };
  print('ki', server.list(INCIDENTS));
  print('kh', server.list(HEALTHS));
}

async function main(): Promise<void> {
  const nodes = DEMO_NODES.map((node) => `${node.name}  kubelet ${node.profile.version}  Ready`);
  console.log(
    `kubelet-medic demo: ${nodes.length} nodes, real controller, real agents, simulated hosts (${FACTOR}x clock)\n`,
  );
  console.log(`  ${styleText('dim', '00:00')}  ${nodes.join('      ')}`);
  const demo = await startDemoCluster(clock, random, stop.signal);
  follow(demo);
  const programs = startPrograms(demo);
  await waitForTheEnd(demo);
  // The agents publish once more, so that the table shows how it ended.
  await clock.sleep(20_000, stop.signal);
  printTables(demo);
  const unmet = unmetExpectations(demo);
  stop.abort(new Error('the demo is over'));
  await Promise.allSettled(programs);
  await demo.server.close();
  for (const text of unmet) console.error(styleText('red', `NOT AS EXPECTED: ${text}`));
  if (unmet.length > 0)
    for (const entry of log.entries.filter(({ level }) => level !== 'debug').slice(-40))
      console.error(JSON.stringify(entry, (_, value: unknown) => (value instanceof Error ? value.message : value)));
  console.log(
    unmet.length === 0
      ? '\nBoth nodes recovered, each by the restart that its stack asked for; the well one was left alone.'
      : '',
  );
  process.exitCode = unmet.length === 0 ? 0 : 1;
}

await main();
process.exit();
