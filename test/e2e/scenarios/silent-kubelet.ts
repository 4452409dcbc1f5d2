/**
 * A kubelet that writes no line of its trouble: it is stopped by a signal, and then by a person through systemd. The first one is
 * healed; the second one is left as it is, and says so.
 */
import { execOn, nodeNow, startsSince, unitState } from '../lab.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { pause, until } from '../shell.ts';
import { checkHealed, checkLeft, limit, onNode, tellFault } from './fault-story.ts';
import { checkCordonedOnce } from './recovery.ts';

const NAME = 'silent-kubelet';
const NODE = { name: 'node-11' };
const LIMIT_MS = 5 * 60_000;

async function frozen(report: Report): Promise<void> {
  const { pid } = await unitState(NODE.name, 'kubelet');
  const told = await tellFault(report, {
    scenario: NAME,
    node: NODE.name,
    fault: 'kubelet frozen (SIGSTOP)',
    breakIt: () => onNode(NODE.name, `kill -STOP ${String(pid)}`),
    limitMs: LIMIT_MS,
  });
  checkHealed(report, told, 'kubelet-frozen', 'RestartKubelet');
  limit(report, told.row, 'sign', 20);
  limit(report, told.row, 'acted', 60);
  limit(report, told.row, 'Ready', 65);
  report.check(NAME, 'it has another process', (await unitState(NODE.name, 'kubelet')).pid !== pid);
  checkCordonedOnce(report, NAME, NODE.name);
}

async function stopped(report: Report): Promise<void> {
  const told = await tellFault(report, {
    scenario: NAME,
    node: NODE.name,
    fault: 'kubelet stopped by a person',
    breakIt: () => onNode(NODE.name, 'systemctl stop kubelet'),
    limitMs: LIMIT_MS,
  });
  await checkLeft(report, told, {
    cause: 'kubelet-stopped',
    reason: 'HeldByPerson',
    says: 'the kubelet is Stopped',
    signWithin: 20,
  });
  await pause(20_000);
  report.check(NAME, 'nothing was started', (await startsSince(NODE.name, 'kubelet', told.brokenAt)) === 0);
  await execOn(NODE.name, 'systemctl', 'start', 'kubelet');
  await until('the node is Ready', 120_000, async () => ((await nodeNow(NODE.name)).isReady ? true : undefined));
}

export const silentKubelet: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 20_000,
  async run(report) {
    await frozen(report);
    await stopped(report);
  },
};
