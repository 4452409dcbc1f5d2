/**
 * The policy asks for `runtimeHungAfter`: a hung runtime is restarted before the node is lost. It hangs again and again: what
 * helped is done again, and the fourth time is a person's.
 */
import { durationMs } from '../../../src/core/time/duration.ts';
import { artifact, captured } from '../incidents.ts';
import { kubectl, kubectlWith, node } from '../lab.ts';
import { policy } from '../policy.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { pause } from '../shell.ts';
import { checkHealed, checkLeft, limit, tellFault, type ToldFault } from './fault-story.ts';

const NAME = 'early-runtime';
const NODE = { name: 'node-22', env: { NODE_LABELS: `scenario=${NAME}` } };
/** Evidence is saved early once in two minutes at most. */
const APART_MS = 125_000;
/**
 * A kubelet that could not ask its runtime for 30 s says that it is down. It says so once more when the runtime is back, until
 * its next report: the node is not Ready for 10 s then, and never lost where it is acted on before.
 */
const LOST_AT_MOST_S = 25;

async function allow(runtimeHungAfter: string): Promise<void> {
  const spec = {
    priority: 20,
    mode: 'Remediate',
    nodeSelector: { matchLabels: { scenario: NAME } },
    detection: { runtimeHungAfter },
    remediation: { verify: { stableFor: '10s' } },
    budget: { maxUnhealthy: '100%', cooldown: '0s' },
  };
  await kubectlWith(policy(NAME, spec), 'apply', '-f', '-');
  await pause(5_000);
}

async function hang(report: Report, how: string): Promise<ToldFault> {
  return await tellFault(report, {
    scenario: NAME,
    node: NODE.name,
    fault: `runtime hung (SIGSTOP), ${how}`,
    breakIt: () => node('hang', NODE),
    limitMs: 4 * 60_000,
  });
}

async function checkEarly(report: Report, told: ToldFault): Promise<void> {
  checkHealed(report, told, 'runtime-hung', 'RestartRuntime');
  const { spec, status } = told.incident;
  report.check(
    NAME,
    `${told.row.fault}: the trigger is RuntimeHung, and the runtime is at fault`,
    spec.trigger.type === 'RuntimeHung' && status.diagnosis?.class === 'RuntimeHung',
    told.row.diagnosis,
  );
  const stacks = await Promise.all(captured(told.incident, 'RuntimeStacks').map(artifact));
  report.check(
    NAME,
    `${told.row.fault}: the runtime's own stacks are saved`,
    stacks.some((text) => text.includes('github.com/containerd/containerd/')),
    `${String(stacks.length)} dumps`,
  );
  limit(report, told.row, 'sign', 15);
  limit(report, told.row, 'acted', 60);
}

/** For how long the node was not Ready. @param goal where all is done within 30 s, as on a quiet machine. */
function figureOfLoss(report: Report, { row, incident }: ToldFault, goal = 15): void {
  const lost = durationMs(incident.status.timings?.notReadyFor ?? '0s') / 1000;
  const what = `${row.fault}: not Ready`;
  report.figure({ scenario: NAME, what, value: lost, goal, limit: LOST_AT_MOST_S, unit: 's' });
}

async function hangAgain(report: Report, how: string, before: ToldFault): Promise<ToldFault> {
  await pause(Math.max(0, before.brokenAt + APART_MS - Date.now()));
  return await hang(report, how);
}

export const earlyRuntime: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  async run(report) {
    await allow('30s');
    const first = await hang(report, 'runtimeHungAfter: 30s');
    await checkEarly(report, first);
    figureOfLoss(report, first);
    const second = await hangAgain(report, 'runtimeHungAfter: 30s, again', first);
    await checkEarly(report, second);
    figureOfLoss(report, second);
    await allow('10s');
    const third = await hangAgain(report, 'runtimeHungAfter: 10s', second);
    await checkEarly(report, third);
    figureOfLoss(report, third, 0);
    const prints = [first, second, third].map(({ incident }) => incident.status.diagnosis?.fingerprint ?? '');
    report.check(NAME, 'it is one fault, by its fingerprint', new Set(prints).size === 1, prints.join());
    const fourth = await hangAgain(report, 'the fourth time within the hour', third);
    await checkLeft(report, fourth, {
      cause: 'runtime-hung',
      reason: 'Recurring',
      says: 'the CRI probe says Timeout',
      signWithin: 15,
    });
    await node('resume', NODE);
    await kubectl('delete', 'kubeletrecoverypolicy', NAME);
  },
};
