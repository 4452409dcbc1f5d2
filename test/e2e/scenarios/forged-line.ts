/**
 * A pod of a user writes the words of a breach into the kubelet's log: its command has them for a name, and cannot be run. The
 * node is well, and the kubelet has not said otherwise: nothing is saved of it, and nothing done to it.
 */
import { cordonWrites } from '../audit.ts';
import { incidentsOf } from '../incidents.ts';
import { breachTime, kubectl, kubectlWith, startsSince, unitsOf } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { pause, until } from '../shell.ts';

const NAME = 'forged-line';
const NODE = { name: 'node-9' };
const WORDS = 'PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s';
/** The kubelet tries to start the container again and again, and writes the words each time. */
const AGAIN_MS = 60_000;

function pod(): string {
  const container = { name: 'c', image: 'lab.local/pause:1', imagePullPolicy: 'Never', command: [WORDS] };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, namespace: 'default' },
    spec: { nodeName: NODE.name, automountServiceAccountToken: false, containers: [container] },
  });
}

export const forgedLine: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 10_000,
  async run(report) {
    const was = JSON.stringify(await unitsOf(NODE.name));
    const since = Date.now();
    await kubectlWith(pod(), 'create', '-f', '-');
    await until('the words are in the kubelet log', 60_000, () => breachTime(NODE.name, since));
    await pause(AGAIN_MS);
    report.check(NAME, 'the words of a pod open no incident', (await incidentsOf(NODE.name)).length === 0);
    report.check(NAME, 'the node was never cordoned', cordonWrites(NODE.name).length === 0);
    const starts =
      (await startsSince(NODE.name, 'kubelet', since)) + (await startsSince(NODE.name, 'containerd', since));
    report.check(
      NAME,
      'kubelet and containerd run on as they were',
      was === JSON.stringify(await unitsOf(NODE.name)) && starts === 0,
    );
    await kubectl('delete', 'pod', NAME, '--namespace=default', '--force', '--grace-period=0');
  },
};
