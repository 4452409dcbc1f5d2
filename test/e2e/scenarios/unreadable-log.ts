/**
 * The host's journalctl cannot be run, so the kubelet log cannot be read: KubeletHealth says so, the Node's condition is the
 * trigger, and with the gate BestEffort the node is recovered with what there is.
 */
import { completedIncident } from '../incidents.ts';
import { healthCondition, kubectl, kubectlWith, node } from '../lab.ts';
import { policy } from '../policy.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../shell.ts';

const NAME = 'unreadable-log';
const NODE = {
  name: 'node-7',
  env: { UNIT_EXTRA: 'ExecStartPre=/bin/chmod 0 /usr/bin/journalctl', NODE_LABELS: `scenario=${NAME}` },
};

export const unreadableLog: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 80_000,
  async run(report) {
    const spec = {
      priority: 20,
      mode: 'Remediate',
      nodeSelector: { matchLabels: { scenario: NAME } },
      evidence: { gate: 'BestEffort', deadline: '20s' },
      remediation: { verify: { stableFor: '10s' } },
      budget: { maxUnhealthy: '100%' },
    };
    await kubectlWith(policy(NAME, spec), 'apply', '-f', '-');
    await node('hang', NODE);
    const readable = await until('KubeletHealth says that the log cannot be read', 180_000, async () => {
      const condition = await healthCondition(NODE.name, 'LogReadable');
      return condition.status === 'False' ? condition : undefined;
    });
    report.check(
      NAME,
      'KubeletHealth says that the log cannot be read, and why',
      readable.message.includes('journal'),
      readable.message,
    );
    const incident = await completedIncident(NODE.name, 12 * 60_000);
    const { outcome, conditions } = incident.status;
    const evidence = conditions?.find(({ type }) => type === 'EvidenceCaptured');
    report.check(NAME, 'the outcome is Recovered: the gate is BestEffort', outcome === 'Recovered', String(outcome));
    report.check(
      NAME,
      'what is missing is said',
      evidence?.status === 'False' && evidence.message.includes('kubelet log'),
      evidence?.message ?? '',
    );
    await kubectl('delete', 'kubeletrecoverypolicy', NAME);
  },
};
