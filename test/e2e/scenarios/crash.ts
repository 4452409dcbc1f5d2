/**
 * The agent is killed right after it reserved the restart, the controller right after it cordoned the node. The kubelet is
 * stuck, so it starts neither again on this node. The incident still ends right, with one restart.
 */
import { execOn, kubectl, node } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { tellRecovery } from './recovery.ts';

const NODE = { name: 'node-5', env: { CRI_PROXY: '1' } };

export const crashInTheMiddle: Scenario = {
  name: 'crash-in-the-middle',
  nodes: [NODE],
  wave: 2,
  async run(report) {
    await tellRecovery(report, {
      name: this.name,
      node: NODE.name,
      fault: "the kubelet's connections to the runtime frozen, agent and controller killed half way",
      breakIt: () => node('freeze', NODE),
      action: 'RestartKubelet',
      timed: false,
    });
    const marker = await execOn(NODE.name, 'sh', '-c', 'ls /var/lib/kubelet-medic 2>/dev/null');
    report.check(
      this.name,
      'the agent was killed right after its reservation',
      marker.includes('failpoint-action-reserved'),
    );
    const pods = await kubectl(
      'get',
      'pods',
      '-n',
      'kubelet-medic',
      '-l',
      'app.kubernetes.io/component=controller',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[0].restartCount}',
    );
    report.check(this.name, 'the controller was killed right after the cordon', Number(pods) >= 1, `${pods} restarts`);
  },
};
