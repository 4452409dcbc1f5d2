/** `npm run bench -- --only fleet`: what fleets of three sizes cost, against the goals. Needs root, and builds Kubernetes once. */
import type { Figure, Section } from '../report.ts';
import { type FleetResult, runFleet } from './run.ts';
import { historyOf } from './seed/seed.ts';

const MIB = 2 ** 20;
const SIZES = [100, 1_000, 5_000];

function figuresOf(result: FleetResult): readonly Figure[] {
  const { storm } = result;
  const never = Number.POSITIVE_INFINITY;
  return [
    {
      name: 'the controller was ended, by the kernel or by itself',
      value: result.killed.length,
      unit: 'kills',
      goal: 0,
    },
    { name: 'resident memory at rest', value: result.restBytes / MIB, unit: 'MiB', goal: 200 },
    { name: 'peak of resident memory at the start', value: result.startPeakBytes / MIB, unit: 'MiB', goal: 256 },
    { name: 'start to in sync', value: result.readyMs / 1e3, unit: 's', goal: 10 },
    { name: 'start to the end of the first pass', value: result.calmMs / 1e3, unit: 's' },
    {
      name: 'breach written to incident, 50 at once, p99',
      value: (result.openedP99Ms ?? never) / 1e3,
      unit: 's',
      goal: 1,
    },
    { name: 'writes at rest, all programs', value: result.restWritesPerS, unit: 'a second', goal: 20 },
    { name: 'beside them: old incidents beyond their total that go', value: result.trimmedPerS, unit: 'a second' },
    { name: 'CPU of the controller at rest', value: result.restCpu * 100, unit: '% of a core', goal: 20 },
    { name: 'storm: the breaker tells', value: (storm.breakerMs ?? never) / 1e3, unit: 's', goal: 5 },
    { name: 'storm: all incidents are open', value: (storm.openedAllMs ?? never) / 1e3, unit: 's' },
    {
      name: 'storm: nodes without a verdict in 5 minutes',
      value: storm.breached - storm.verdicts,
      unit: 'nodes',
      goal: 0,
    },
    { name: 'storm: the last verdict', value: (storm.verdictsMs ?? never) / 1e3, unit: 's', goal: 300 },
    { name: 'storm: writes, most in 5 s', value: storm.peakWritesPerS, unit: 'a second' },
    { name: 'storm: writes, mean until the last verdict', value: storm.writesPerS, unit: 'a second', goal: 50 },
    { name: 'storm: peak of resident memory', value: storm.peakBytes / MIB, unit: 'MiB' },
    { name: 'bytes in etcd after the storm, without Nodes', value: result.etcdBytes / MIB, unit: 'MiB' },
    {
      name: 'without old incidents beyond their total, which still go',
      value: (result.etcdBytes - result.beyondBytes) / MIB,
      unit: 'MiB',
      goal: 150,
    },
    { name: 'take-over from a pod that ends in order', value: (result.takeOverMs ?? never) / 1e3, unit: 's' },
  ];
}

function sectionOf(result: FleetResult): Section {
  const { nodes, limitBytes, load, killed, notes } = result;
  const ends = killed.map((how) => ` It was ended ${how}; what follows is without a limit.`).join('');
  return {
    title: `A fleet of ${nodes.toLocaleString('en')} nodes, ${historyOf(nodes).toLocaleString('en')} old incidents, 1 % flapping`,
    note:
      `Limit of memory: ${(limitBytes / MIB).toFixed(0)} MiB.${ends} ${storm(result)} The load average was ` +
      `${load.toFixed(1)} at the end. ${notes.join(' ')}`,
    column: 'Measured',
    figures: figuresOf(result),
  };
}

function storm({ storm: { breached } }: FleetResult): string {
  return `In the storm ${breached} nodes breach within a second.`;
}

/** How much more a figure is of the larger fleet; 1: as the nodes. */
function growth(small: FleetResult, large: FleetResult): Section {
  const nodes = large.nodes / small.nodes;
  const times = (pick: (result: FleetResult) => number): number => pick(large) / pick(small) / nodes;
  return {
    title: `Growth from ${small.nodes.toLocaleString('en')} to ${large.nodes.toLocaleString('en')} nodes, beside that of the nodes`,
    column: 'Measured',
    figures: [
      { name: 'CPU at rest', value: times(({ restCpu }) => restCpu), unit: 'times', goal: 1 },
      { name: 'resident memory at rest', value: times(({ restBytes }) => restBytes), unit: 'times', goal: 1 },
    ],
  };
}

/** Sources: medik8s node-healthcheck-operator's manager.yaml (requests); node-problem-detector measured by its RSS; NVSentinel's values.yaml. */
const PEERS: Section = {
  title: 'What others take',
  column: 'Known',
  figures: [
    { name: 'NodeHealthCheck (medik8s) requests, idle, one of two replicas', value: 20, unit: 'MiB' },
    { name: 'node-problem-detector, resident, an agent', value: 41, unit: 'MiB' },
    { name: 'NVSentinel fault-quarantine requests', value: 1_024, unit: 'MiB' },
    { name: 'NVSentinel fault-remediation requests', value: 300, unit: 'MiB' },
  ],
};

/** @param nodes one size alone; undefined: the three of the goals. */
export async function fleetSections(nodes?: number): Promise<readonly Section[]> {
  const results: FleetResult[] = [];
  for (const size of nodes === undefined ? SIZES : [nodes]) {
    const from = performance.now();
    const say = (text: string): void => {
      console.error(`[${size} nodes, ${((performance.now() - from) / 1e3).toFixed(0)} s] ${text}`);
    };
    results.push(await runFleet(size, say));
  }
  const [, small, large] = results;
  const grown = small === undefined || large === undefined ? [] : [growth(small, large)];
  return [...results.map(sectionOf), ...grown, PEERS];
}
