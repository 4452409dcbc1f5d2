/**
 * A kubelet that writes no line of its trouble: it is stopped by a signal, and then by a person through systemd. The first one is
 * healed; the second one is left as it is, and says so.
 */
import type { KubeletIncident } from '../../../src/api/v1alpha1/incident.ts';
import { cordonWrites } from '../audit.ts';
import { incidentsOf } from '../incidents.ts';
import { execOn, nodeNow, startsSince, unitState } from '../lab.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { pause, until } from '../shell.ts';
import { checkCordonedOnce } from './recovery.ts';

const NAME = 'silent-kubelet';
const NODE = { name: 'node-11' };
const LIMIT_MS = 5 * 60_000;

async function uids(): Promise<readonly string[]> {
  return (await incidentsOf(NODE.name)).map(({ metadata }) => metadata.uid);
}

/** One that was not there before, when it is complete. */
async function anotherIncident(before: readonly string[]): Promise<KubeletIncident> {
  return await until(`another incident of ${NODE.name} is complete`, LIMIT_MS, async () =>
    (await incidentsOf(NODE.name)).find(
      ({ metadata, status }) => !before.includes(metadata.uid) && status.outcome !== undefined,
    ),
  );
}

async function frozen(report: Report): Promise<void> {
  const { pid } = await unitState(NODE.name, 'kubelet');
  const before = await uids();
  const began = Date.now();
  await execOn(NODE.name, 'kill', '-STOP', String(pid));
  const { spec, status, metadata } = await anotherIncident(before);
  report.check(
    NAME,
    'a frozen kubelet is recovered',
    status.outcome === 'Recovered' && status.diagnosis?.cause === 'kubelet-frozen',
    `${String(status.outcome)}, ${spec.trigger.type}, cause ${String(status.diagnosis?.cause)}`,
  );
  const issued = status.actions?.find(({ action }) => action === 'RestartKubelet')?.issuedAt ?? '';
  const figure = (what: string, at: string, limit: number): void => {
    report.figure({ scenario: NAME, what, value: (Date.parse(at) - began) / 1000, limit, unit: 's' });
  };
  figure('frozen to incident opened', metadata.creationTimestamp, 25);
  figure('frozen to restart issued', issued, 60);
  figure('frozen to Ready=True', status.timings?.readyAt ?? '', 65);
  report.check(NAME, 'it has another process', (await unitState(NODE.name, 'kubelet')).pid !== pid);
  checkCordonedOnce(report, NAME, NODE.name);
}

async function stopped(report: Report): Promise<void> {
  const before = await uids();
  const cordons = cordonWrites(NODE.name).length;
  const since = Date.now();
  await execOn(NODE.name, 'systemctl', 'stop', 'kubelet');
  const { status } = await anotherIncident(before);
  const why = status.conditions?.find(({ type }) => type === 'ActionTaken')?.reason;
  report.check(
    NAME,
    'a kubelet that a person stopped is left as it is, and the record says so',
    status.outcome === 'HandedOver' && why === 'HeldByPerson',
    `${String(status.outcome)}, ${String(why)}, cause ${String(status.diagnosis?.cause)}`,
  );
  await pause(20_000);
  const starts = await startsSince(NODE.name, 'kubelet', since);
  report.check(NAME, 'nothing was started or cordoned', starts === 0 && cordonWrites(NODE.name).length === cordons);
  await execOn(NODE.name, 'systemctl', 'start', 'kubelet');
  await until('the node is Ready', 120_000, async () => (await nodeNow(NODE.name)).isReady);
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
