/** `npm run bench -- --only agent`: what the agent takes of its node's memory. Needs root and go, and builds Kubernetes once. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HEALTHS } from '../../../src/api/resources.ts';
import { runCapture } from '../../../src/cli/capture/capture-node.ts';
import { renderChart, installChart } from '../../support/chart.ts';
import { rawResource } from '../../support/raw-resource.ts';
import { eventually, realClock } from '../../support/real-time.ts';
import { Started } from '../fleet/bench.ts';
import { shippedController, startController } from '../fleet/machine/controller.ts';
import { connectTo, createTokenSigner, NAMESPACE, startFleetPlane } from '../fleet/machine/plane.ts';
import { nodeName } from '../fleet/seed/node-manifest.ts';
import { seedNodes } from '../fleet/seed/seed.ts';
import { median } from '../measure.ts';
import type { Figure, Section } from '../report.ts';
import { startHost } from './host.ts';
import { type Memory, memoryOf, startAgent } from './shipped-agent.ts';

const MIB = 2 ** 20;
const RUNS = 3;
/** After which it has looked at everything more than once. */
const REST_MS = 90_000;
const AFTER_MS = 20_000;
const GOAL_MIB = 60;
const AGENT = 'kubelet-medic-agent';

/** The same parts of Node that the agent needs, and nothing of ours. */
const BARE: readonly (readonly [what: string, program: string])[] = [
  ['Node alone', 'setTimeout(() => {}, 5000)'],
  [
    'Node with TLS, HTTP/2 and child processes',
    "for (const name of ['https', 'http2', 'child_process']) require(name); setTimeout(() => {}, 5000)",
  ],
];

interface Run {
  readonly rest: Memory;
  readonly after: Memory;
}

async function bare(program: string): Promise<Memory> {
  const running = promisify(execFile)(process.execPath, ['-e', program]);
  await sleep(2_500);
  const memory = memoryOf(running.child.pid ?? 0);
  await running;
  return memory;
}

async function measureRuns(started: Started): Promise<readonly Run[]> {
  const plane = started.add(await startFleetPlane());
  const admin = connectTo(plane, 'admin');
  const uids = await seedNodes(admin, 1);
  const node = { name: nodeName(0), uid: uids.get(nodeName(0)) ?? '' };
  await installChart(admin, NAMESPACE);
  const chart = renderChart(NAMESPACE);
  const sign = createTokenSigner(plane.tokenKeyFile);
  const accounts = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
  const tokenOf = async (account: string, of?: typeof node): Promise<string> => {
    const accountUID = (await admin.get(accounts, { name: account, namespace: NAMESPACE }))?.metadata.uid ?? '';
    return sign({ account, accountUID, ...(of === undefined ? {} : { node: of }) });
  };
  const shipped = shippedController(chart);
  const token = await tokenOf(shipped.account);
  started.add(startController({ name: 'controller', plane, shipped, token, limitBytes: shipped.limitBytes }));
  const host = started.add(await startHost(plane.folder));
  const terminal = { out: () => undefined, note: () => undefined, paint: (_: unknown, text: string) => text };
  const runs: Run[] = [];
  for (let run = 0; run < RUNS; run++) {
    const place = { plane, host, node: node.name, token: await tokenOf(AGENT, node) };
    const from = Date.now();
    const agent = startAgent(chart, join(plane.folder, `agent-${run}`), place);
    try {
      await eventually('the agent has reported', async () => {
        const health = await admin.get(HEALTHS, { name: node.name });
        return Date.parse(health?.status.agent?.reportedAt ?? '') >= from;
      });
      await sleep(REST_MS);
      const rest = memoryOf(agent.pid());
      const options = { reason: 'the bench', wait: true, timeoutMs: 120_000 };
      await runCapture({ cluster: admin, clock: realClock, terminal }, node.name, options);
      await sleep(AFTER_MS);
      runs.push({ rest, after: memoryOf(agent.pid()) });
      console.error(`[agent, run ${run + 1}] ${JSON.stringify(runs.at(-1))}`);
    } finally {
      await agent.stop();
    }
  }
  return runs;
}

function figures(what: string, memories: readonly Memory[], goal?: number): readonly Figure[] {
  const resident = median(memories.map((memory) => memory.resident)) / MIB;
  const anonymous = median(memories.map((memory) => memory.anonymous)) / MIB;
  return [
    { name: `${what}, resident`, value: resident, unit: 'MiB', ...(goal === undefined ? {} : { goal }) },
    { name: `${what}, of it its own`, value: anonymous, unit: 'MiB' },
  ];
}

export async function agentSections(): Promise<readonly Section[]> {
  const floor: Figure[] = [];
  for (const [what, program] of BARE) floor.push(...figures(what, [await bare(program)]));
  const started = new Started();
  try {
    const runs = await measureRuns(started);
    const note =
      'The agent as the chart ships it, with a kubelet of 220 goroutines, a runtime that answers, and a log of 40 lines a second. ' +
      'What is not its own are pages of the program file and of libraries: all programs of an image share them, and the kernel takes them back when it needs memory.';
    return [
      {
        title: 'Memory of the agent',
        note,
        figures: [
          ...floor,
          ...figures(
            'agent at rest',
            runs.map(({ rest }) => rest),
            GOAL_MIB,
          ),
          ...figures(
            'agent after a capture',
            runs.map(({ after }) => after),
            GOAL_MIB,
          ),
        ],
      },
    ];
  } finally {
    await started.end();
  }
}
