/** SIGSTOP containerd: relist waits for it. The runtime is restarted; a kubelet restart would crash-loop. */
import { node, residentMiB } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { tellRecovery } from './recovery.ts';

const NODE = { name: 'node-2' };

export const hungRuntime: Scenario = {
  name: 'hung-runtime',
  nodes: [NODE],
  wave: 1,
  startAfterMs: 20_000,
  async run(report) {
    await tellRecovery(report, {
      name: this.name,
      node: NODE.name,
      fault: 'runtime hung (SIGSTOP)',
      breakIt: () => node('hang', NODE),
      action: 'RestartRuntime',
      timed: true,
    });
    report.figure({
      scenario: this.name,
      what: 'agent, resident memory',
      value: await residentMiB(NODE.name, 'agent'),
      limit: 78,
      unit: 'MiB',
    });
  },
};
