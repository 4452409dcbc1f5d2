/**
 * The kubelet's connections to the API server are dead, and new ones are well (kubernetes#87615): no packet of them arrives. A
 * kubelet of today closes such a connection after 45 s; this one has that switched off, as older ones have.
 */
import { node, unitState } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { checkHealed, limit, tellFault } from './fault-story.ts';
import { checkCordonedOnce } from './recovery.ts';

const NAME = 'dead-api-connection';
const NODE = { name: 'node-17', env: { UNIT_EXTRA: 'Environment=HTTP2_READ_IDLE_TIMEOUT_SECONDS=0' } };

export const deadApiConnection: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 10_000,
  async run(report) {
    const { pid } = await unitState(NODE.name, 'kubelet');
    const told = await tellFault(report, {
      scenario: NAME,
      node: NODE.name,
      fault: "the kubelet's connection to the API server is dead",
      breakIt: () => node('mute', NODE),
      limitMs: 6 * 60_000,
    });
    checkHealed(report, told, 'kubelet-api-connection-dead', 'RestartKubelet');
    limit(report, told.row, 'sign', 60);
    limit(report, told.row, 'acted', 90);
    limit(report, told.row, 'Ready', 95);
    report.check(NAME, 'it has another process', (await unitState(NODE.name, 'kubelet')).pid !== pid);
    checkCordonedOnce(report, NAME, NODE.name);
  },
};
