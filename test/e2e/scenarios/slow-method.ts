/** One method of the CRI takes 200 s, until the runtime is restarted: the verdict names it, and the kubelet is left alone. */
import { node } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { tellRecovery } from './recovery.ts';

const NAME = 'slow-method';
const NODE = { name: 'node-24', env: { CRI_PROXY: 'slow' } };

export const slowMethod: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 90_000,
  async run(report) {
    const { incident } = await tellRecovery(report, {
      name: NAME,
      node: NODE.name,
      fault: 'ListContainers takes 200 s, all else answers',
      breakIt: () => node('slow', NODE),
      action: 'RestartRuntime',
      timed: true,
    });
    const { diagnosis } = incident.status;
    report.check(
      NAME,
      'the verdict names the method',
      JSON.stringify(diagnosis).includes('ListContainers'),
      `${String(diagnosis?.cause)}: ${String(diagnosis?.summary)}`,
    );
  },
};
