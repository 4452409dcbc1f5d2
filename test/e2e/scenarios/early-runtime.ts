/**
 * The policy asks for `runtimeHungAfter`: a hung runtime is restarted before the node is lost. It hangs again and again: what
 * helped is done again, and the fourth time is a person's.
 */
import { kubectl, kubectlWith, node } from '../lab.ts';
import { artifact, captured } from '../incidents.ts';
import { policy } from '../policy.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { pause } from '../shell.ts';
import { checkHealed, checkLeft, limit, tellFault, type ToldFault } from './fault-story.ts';

const NAME = 'early-runtime';
const NODE = { name: 'node-22', env: { NODE_LABELS: `scenario=${NAME}` } };
const TIMES = ['first', 'second', 'third'] as const;
/** Evidence is saved early once in two minutes at most. */
const APART_MS = 125_000;

async function hang(report: Report, time: string): Promise<ToldFault> {
  return await tellFault(report, {
    scenario: NAME,
    node: NODE.name,
    fault: `runtime hung (SIGSTOP), runtimeHungAfter: 30s, the ${time} time`,
    breakIt: () => node('hang', NODE),
    limitMs: 4 * 60_000,
  });
}

async function checkEarly(report: Report, told: ToldFault): Promise<void> {
  checkHealed(report, told, told.incident.status.diagnosis?.cause ?? 'none', 'RestartRuntime');
  const { spec, status } = told.incident;
  report.check(
    NAME,
    `${told.row.fault}: the trigger is RuntimeHung, and the runtime is at fault`,
    spec.trigger.type === 'RuntimeHung' && status.diagnosis?.class === 'RuntimeHung',
    told.row.diagnosis,
  );
  report.check(NAME, `${told.row.fault}: the node never ceased to be Ready`, told.row.staysReady === true);
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

export const earlyRuntime: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  async run(report) {
    const spec = {
      priority: 20,
      mode: 'Remediate',
      nodeSelector: { matchLabels: { scenario: NAME } },
      detection: { runtimeHungAfter: '30s' },
      remediation: { verify: { stableFor: '10s' } },
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
    };
    await kubectlWith(policy(NAME, spec), 'apply', '-f', '-');
    await pause(5_000);
    const prints = new Set<string | undefined>();
    for (const time of TIMES) {
      const told = await hang(report, time);
      await checkEarly(report, told);
      prints.add(told.incident.status.diagnosis?.fingerprint);
      await pause(Math.max(0, told.brokenAt + APART_MS - Date.now()));
    }
    report.check(NAME, 'it is one fault, by its fingerprint', prints.size === 1, [...prints].join());
    const last = await hang(report, 'fourth');
    await checkLeft(report, last, {
      cause: last.incident.status.diagnosis?.cause ?? 'none',
      reason: 'Recurring',
      says: 'the CRI probe says Timeout',
      signWithin: 15,
    });
    await node('resume', NODE);
    await kubectl('delete', 'kubeletrecoverypolicy', NAME);
  },
};
