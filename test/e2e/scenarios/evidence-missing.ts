/** No goroutine dump can be had (the profiling handler is off) and the gate is Required: the node is left alone. */
import { completedIncident, incidentsOf } from '../incidents.ts';
import { getJson, isReady, node, startsSince, unitState } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../shell.ts';

const NODE = { name: 'node-4', env: { KUBELET_CONFIG_EXTRA: 'enableProfilingHandler: false' } };

export const evidenceMissing: Scenario = {
  name: 'evidence-missing',
  nodes: [NODE],
  wave: 1,
  startAfterMs: 40_000,
  async run(report) {
    const before = [await unitState(NODE.name, 'kubelet'), await unitState(NODE.name, 'containerd')];
    const since = Date.now();
    await node('hang', NODE);
    const incident = await completedIncident(NODE.name, 10 * 60_000);
    const { outcome, conditions, actions, steps } = incident.status;
    const complete = conditions?.find(({ type }) => type === 'Complete')?.message ?? '';
    report.check(
      this.name,
      'the outcome is EvidenceMissing, and says why',
      outcome === 'EvidenceMissing' && complete.includes('goroutine dump'),
      complete,
    );
    report.check(
      this.name,
      'no cordon, no action was asked for',
      !steps?.some(({ type }) => type === 'Cordon' || type === 'Act'),
    );
    report.check(this.name, 'no action was taken', !actions?.some(({ action }) => action !== 'CaptureHost'));
    const object = (await getJson('node', NODE.name)) as { spec: { unschedulable?: boolean } };
    report.check(this.name, 'the node is not cordoned', object.spec.unschedulable !== true);
    const after = [await unitState(NODE.name, 'kubelet'), await unitState(NODE.name, 'containerd')];
    const starts =
      (await startsSince(NODE.name, 'kubelet', since)) + (await startsSince(NODE.name, 'containerd', since));
    report.check(
      this.name,
      'kubelet and containerd run on as they were',
      JSON.stringify(before) === JSON.stringify(after) && starts === 0,
    );
    report.check(
      this.name,
      'one incident, however long the trouble lasts',
      (await incidentsOf(NODE.name)).length === 1,
    );
    await node('resume', NODE);
    await until('the node is Ready again', 180_000, async () => ((await isReady(NODE.name)) ? true : undefined));
  },
};
