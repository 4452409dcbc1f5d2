/** SIGSTOP CRI-O, in place of containerd: it is restarted, and the kubelet is not. */
import { node } from '../../lab.ts';
import type { Scenario } from '../../scenario.ts';
import { tellRecovery } from '../recovery.ts';
import { AFTER_OUTAGE_MS } from './interfered.ts';

const NODE = { name: 'node-25', env: { RUNTIME: 'cri-o' } };

export const criO: Scenario = {
  name: 'cri-o',
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS + 15_000,
  async run(report) {
    await tellRecovery(report, {
      name: this.name,
      node: NODE.name,
      fault: 'CRI-O hung (SIGSTOP)',
      runtimeUnit: 'crio',
      breakIt: () => node('hang', NODE),
      action: 'RestartRuntime',
      timed: true,
    });
  },
};
