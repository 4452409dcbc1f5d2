/** Malformed policies, two policies on one node, an agent that never reports, a node that vanishes. */
import { completedIncident, incidentsOf } from '../incidents.ts';
import { getJson, kubectl, kubectlWith } from '../lab.ts';
import { policy } from '../policy.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../shell.ts';

const NAME = 'bad-input';
const BREACH = 'PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s';

async function refusal(manifest: string): Promise<string> {
  try {
    await kubectlWith(manifest, 'apply', '-f', '-');
    return 'it was taken';
  } catch (error) {
    return String(error);
  }
}

async function malformedPolicies(report: Report): Promise<void> {
  const cases: readonly (readonly [string, object])[] = [
    ['spec.budget.maxUnhealthy', { budget: { maxUnhealthy: '120%' } }],
    ['spec.evidence.deadline', { evidence: { deadline: 'soon' } }],
    ['spec.mode', { mode: 'Restart' }],
    ['spec.budget.maxConcurrent', { budget: { maxConcurrent: 0 } }],
  ];
  for (const [field, spec] of cases) {
    const words = await refusal(policy('bad', spec));
    report.check(
      NAME,
      `a policy with a bad ${field} is refused by that name`,
      words.includes(field),
      words.slice(-160).replaceAll('\n', ' '),
    );
  }
}

/** A Node object without a machine: its kubelet said that PLEG is not healthy, and no agent is there. */
async function ghost(name: string): Promise<void> {
  const labels = { ghost: 'yes' };
  await kubectlWith(JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }), 'apply', '-f', '-');
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = [
    {
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message: BREACH,
      lastHeartbeatTime: time,
      lastTransitionTime: time,
    },
  ];
  await kubectl(
    'patch',
    'node',
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status: { conditions } }),
  );
}

async function ghosts(report: Report): Promise<void> {
  const spec = {
    priority: 10,
    mode: 'Remediate',
    nodeSelector: { matchLabels: { ghost: 'yes' } },
    evidence: { deadline: '20s' },
  };
  await kubectlWith(policy('ghosts', spec), 'apply', '-f', '-');
  await ghost('ghost-1');
  await ghost('ghost-2');
  await until('both ghosts have incidents', 60_000, async () =>
    (await incidentsOf('ghost-1')).length > 0 && (await incidentsOf('ghost-2')).length > 0 ? true : undefined,
  );
  await kubectl('delete', 'node', 'ghost-2');
  const vanished = await completedIncident('ghost-2', 60_000);
  report.check(
    NAME,
    'a node that vanishes ends its incident as NodeGone',
    vanished.status.outcome === 'NodeGone',
    String(vanished.status.outcome),
  );
  const silent = await completedIncident('ghost-1', 120_000);
  report.check(
    NAME,
    'an agent that never reports: EvidenceMissing, and nothing done',
    silent.status.outcome === 'EvidenceMissing',
    String(silent.status.outcome),
  );
  const node = (await getJson('node', 'ghost-1')) as { spec: { unschedulable?: boolean } };
  report.check(NAME, 'that node is not cordoned', node.spec.unschedulable !== true);
}

async function twoPolicies(report: Report): Promise<void> {
  const status = await until('the default policy says that it is overridden', 60_000, async () => {
    const object = (await getJson('kubeletrecoverypolicy', 'default')) as {
      status?: { overriddenNodes?: number; conditions?: { type: string; message: string }[] };
    };
    return (object.status?.overriddenNodes ?? 0) > 0 ? object.status : undefined;
  });
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  report.check(NAME, 'two policies on one node: the lower one says which rules', ready.includes('ghosts'), ready);
  await kubectl('delete', 'node', 'ghost-1');
  await kubectl('delete', 'kubeletrecoverypolicy', 'ghosts');
}

export const badInput: Scenario = {
  name: NAME,
  nodes: [],
  wave: 1,
  async run(report) {
    await malformedPolicies(report);
    await ghosts(report);
    await twoPolicies(report);
  },
};
