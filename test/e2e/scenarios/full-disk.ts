/** The disk for the evidence is full and the gate is Required: KubeletHealth says so, and the node is left alone. */
import type { UnitState } from '../lab.ts';
import { completedIncident } from '../incidents.ts';
import { healthCondition, isReady, node, unitState } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../shell.ts';

const SPOOL = '/var/lib/kubelet-medic';
/** Room for the agent's own state, not for a kubelet log. */
const MOUNT = `mkdir -p ${SPOOL}; mountpoint -q ${SPOOL} || mount -t tmpfs -o size=32k tmpfs ${SPOOL}`;
const NODE = { name: 'node-6', env: { UNIT_EXTRA: `ExecStartPre=/bin/sh -c "${MOUNT}"` } };

function units(): Promise<readonly UnitState[]> {
  return Promise.all([unitState(NODE.name, 'kubelet'), unitState(NODE.name, 'containerd')]);
}

export const fullDisk: Scenario = {
  name: 'full-disk',
  nodes: [NODE],
  wave: 1,
  startAfterMs: 60_000,
  async run(report) {
    const before = await units();
    await node('hang', NODE);
    const incident = await completedIncident(NODE.name, 10 * 60_000);
    const complete = incident.status.conditions?.find(({ type }) => type === 'Complete')?.message ?? '';
    report.check(
      this.name,
      'the outcome is EvidenceMissing, and says that the kubelet log is missing',
      incident.status.outcome === 'EvidenceMissing' && complete.includes('kubelet log'),
      `${String(incident.status.outcome)}: ${complete}`,
    );
    const spool = await healthCondition(NODE.name, 'SpoolWritable');
    report.check(this.name, 'KubeletHealth says that nothing can be stored', spool.status === 'False', spool.message);
    report.check(
      this.name,
      'kubelet and containerd run on as they were',
      JSON.stringify(before) === JSON.stringify(await units()),
    );
    await node('resume', NODE);
    await until('the node is Ready again', 180_000, async () => ((await isReady(NODE.name)) ? true : undefined));
  },
};
