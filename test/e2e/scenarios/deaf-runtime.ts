/**
 * A hung runtime that does not end when it is told to: SIGTERM is nothing to it, and who wakes it finds it stopped again. Its
 * main process is killed after `remediation.stopTimeout`.
 */
import { node } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { onNode } from './fault-story.ts';
import { tellRecovery } from './recovery.ts';

const NAME = 'deaf-runtime';
const NODE = { name: 'node-23' };
/** systemd sends SIGCONT with each signal. What holds it ends with the process. */
const HOLD = `mkdir -p /run/systemd/system/containerd.service.d
printf '[Service]\\nKillSignal=SIGWINCH\\n' > /run/systemd/system/containerd.service.d/deaf.conf
systemctl daemon-reload
systemd-run --unit=hold sh -c 'while kill -STOP '$(systemctl show containerd -p MainPID --value)'; do sleep 0.02; done'`;

export const deafRuntime: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 45_000,
  async run(report) {
    await tellRecovery(report, {
      name: NAME,
      node: NODE.name,
      fault: 'runtime hung, and deaf to SIGTERM',
      breakIt: async () => {
        await onNode(NODE.name, HOLD);
        await node('hang', NODE);
      },
      action: 'RestartRuntime',
      timed: true,
      // Of these `stopTimeout` is 20.
      readyGoal: 30,
    });
  },
};
