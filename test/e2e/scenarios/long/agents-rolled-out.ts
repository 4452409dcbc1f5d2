/**
 * All agents are replaced, as by `helm upgrade`, while a node is held in an incident: its kubelet is stuck and cannot end the
 * pod of its agent. When the hold is over, the token of that pod has been void for a while; the node is recovered, and once.
 */
import { completedIncident, incidentsOf, incidentWhen, isCordonDone } from '../../incidents.ts';
import { askAgent, kubectl, kubectlWith, node } from '../../lab.ts';
import { policy } from '../../policy.ts';
import type { Report } from '../../report.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../shell.ts';
import { checkCordonedOnce } from '../recovery.ts';
import {
  agentPod,
  before,
  checkNextAgent,
  checkOneRestart,
  checkOutcome,
  checkWell,
  reporterOf,
  slowNode,
} from './interfered.ts';

const NAME = 'agents-rolled-out';
const SLOW = slowNode('node-18');
const NODE = { ...SLOW, env: { ...SLOW.env, NODE_LABELS: `scenario=${NAME}` } };
const HOLD_MS = 180_000;
/** The token of a pod is taken until a minute after the end of its grace period of 30 s, and ten seconds more. */
const VOID_AFTER_MS = 130_000;

async function rollOut(report: Report): Promise<string> {
  const old = await agentPod(NODE.name);
  await kubectl('rollout', 'restart', 'daemonset', '-n', 'kubelet-medic', '-l', 'app.kubernetes.io/component=agent');
  const at = Date.now();
  await pause(VOID_AFTER_MS);
  await askAgent(NODE.name);
  const { pod, reportedAt } = await reporterOf(NODE.name);
  report.check(
    NAME,
    'the agent of the pod that is to end reports, when its token has been void for long',
    pod === old && reportedAt > at + 101_000,
    `${pod}, ${String((reportedAt - at) / 1000)} s after the rollout; it was ${old}`,
  );
  return old;
}

export const agentsRolledOut: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 4,
  async run(report) {
    const spec = {
      priority: 30,
      mode: 'Remediate',
      strategy: 'DiagnoseFirst',
      nodeSelector: { matchLabels: { scenario: NAME } },
      remediation: { holdTimeout: `${String(HOLD_MS / 1000)}s`, verify: { stableFor: '10s' } },
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
    };
    await kubectlWith(policy(NAME, spec), 'apply', '-f', '-');
    const was = await before(NODE.name);
    await node('freeze', NODE);
    await incidentWhen(NODE.name, 'it is held', isCordonDone);
    const old = await rollOut(report);
    const incident = await completedIncident(NODE.name, 5 * 60_000);
    checkOutcome(report, NAME, incident, 'Recovered');
    const acts = incident.status.actions?.filter(({ action }) => action === 'RestartKubelet') ?? [];
    report.check(
      NAME,
      'one act is recorded, and how it ended',
      acts.length === 1 && acts[0]?.state === 'Succeeded',
      acts.map(({ name, state, message }) => `${name} ${state}: ${String(message)}`).join('; '),
    );
    report.check(NAME, 'there is one incident', (await incidentsOf(NODE.name)).length === 1);
    await checkOneRestart(report, NAME, NODE.name, was);
    await checkWell(report, NAME, NODE.name);
    checkCordonedOnce(report, NAME, NODE.name);
    await checkNextAgent(report, NAME, NODE.name, old);
    await kubectl('delete', 'kubeletrecoverypolicy', NAME);
  },
};
