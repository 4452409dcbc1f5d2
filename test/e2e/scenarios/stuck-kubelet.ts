/**
 * The kubelet's connections to containerd are frozen, new ones pass: the stack is that of a hung runtime, and only the kubelet
 * is to be restarted. Its port is not the usual one.
 */
import { node } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { tellRecovery } from './recovery.ts';

const NODE = { name: 'node-3', env: { CRI_PROXY: '1', KUBELET_CONFIG_EXTRA: 'port: 10260' } };

export const stuckKubelet: Scenario = {
  name: 'stuck-kubelet',
  nodes: [NODE],
  wave: 1,
  async run(report) {
    await tellRecovery(report, {
      name: this.name,
      node: NODE.name,
      fault: "the kubelet's connections to the runtime frozen",
      breakIt: () => node('freeze', NODE),
      action: 'RestartKubelet',
      timed: true,
    });
  },
};
