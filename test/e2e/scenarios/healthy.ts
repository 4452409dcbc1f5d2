/** A healthy node, whose kubelet a person restarts: its start-up lines (`has yet to be successful`) open no incident. */
import { cordonWrites } from '../audit.ts';
import { incidentsOf } from '../incidents.ts';
import { breachTime, execOn, getJson, residentMiB } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { pause } from '../shell.ts';

const NODE = { name: 'node-1' };
/** As long as a fault takes to show. */
const WATCH_MS = 200_000;

export const healthy: Scenario = {
  name: 'healthy',
  nodes: [NODE],
  wave: 1,
  async run(report) {
    const since = Date.now();
    await execOn(NODE.name, 'systemctl', 'restart', 'kubelet');
    await pause(WATCH_MS);
    const lines = await execOn(NODE.name, 'journalctl', '-u', 'kubelet', '--since', `@${Math.floor(since / 1000)}`);
    report.check(this.name, 'the kubelet wrote its start-up lines', lines.includes('pleg has yet to be successful'));
    report.check(this.name, 'PLEG never breached', (await breachTime(NODE.name, since)) === undefined);
    report.check(this.name, 'there is no incident', (await incidentsOf(NODE.name)).length === 0);
    const health = (await getJson('kubelethealth', NODE.name)) as { status: { pleg: { state: string } } };
    report.check(
      this.name,
      'its KubeletHealth says Healthy',
      health.status.pleg.state === 'Healthy',
      health.status.pleg.state,
    );
    report.check(this.name, 'it was never cordoned', cordonWrites(NODE.name).length === 0);
    report.figure({
      scenario: this.name,
      what: 'controller, resident memory',
      value: await residentMiB(NODE.name, 'controller'),
      goal: 96,
      // What the garbage collector leaves for later varies by some.
      limit: 120,
      unit: 'MiB',
    });
  },
};
