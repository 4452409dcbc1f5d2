/**
 * The kubelet's connections to the API server are dead, and new ones are well (kubernetes#87615): no packet of them arrives. A
 * kubelet of today closes such a connection after 45 s; this one has that switched off, as older ones have.
 */
import type { KubeletIncident } from '../../../src/api/v1alpha1/incident.ts';
import { completedIncident } from '../incidents.ts';
import { node, unitState } from '../lab.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { checkCordonedOnce } from './recovery.ts';

const NAME = 'dead-api-connection';
const NODE = { name: 'node-17', env: { UNIT_EXTRA: 'Environment=HTTP2_READ_IDLE_TIMEOUT_SECONDS=0' } };
const LIMIT_MS = 6 * 60_000;

function tell(report: Report, began: number, { status, metadata }: KubeletIncident): void {
  const { outcome, diagnosis, conditions = [], actions = [], timings = {} } = status;
  const confirmed = conditions.find(({ type }) => type === 'Confirmed')?.reason;
  report.check(
    NAME,
    'a kubelet whose connection is dead is recovered',
    outcome === 'Recovered' && diagnosis?.cause === 'kubelet-api-connection-dead',
    JSON.stringify([outcome, confirmed, diagnosis]),
  );
  const figure = (what: string, at: string, limit: number): void => {
    report.figure({ scenario: NAME, what, value: (Date.parse(at) - began) / 1000, limit, unit: 's' });
  };
  figure('dead to incident opened', metadata.creationTimestamp, 60);
  figure('dead to restart issued', actions.find(({ action }) => action === 'RestartKubelet')?.issuedAt ?? '', 90);
  figure('dead to Ready=True', timings.readyAt ?? '', 95);
}

export const deadApiConnection: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 10_000,
  async run(report) {
    const { pid } = await unitState(NODE.name, 'kubelet');
    await node('mute', NODE);
    const began = Date.now();
    tell(report, began, await completedIncident(NODE.name, LIMIT_MS));
    report.check(NAME, 'it has another process', (await unitState(NODE.name, 'kubelet')).pid !== pid);
    checkCordonedOnce(report, NAME, NODE.name);
  },
};
