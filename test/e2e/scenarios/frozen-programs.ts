/**
 * A kubelet, its runtime and a shim that are stopped (SIGSTOP) answer nobody. Their goroutines are read from their memory all the
 * same: by the agent for an incident, and by a person with `kubectl-medic stacks` on the machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { artifact, captured, completedIncident } from '../incidents.ts';
import { execOn, STATE, unitState } from '../lab.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { run } from '../shell.ts';

const NODE = { name: 'node-8' };
const PLUGIN = fileURLToPath(new URL('../../../src/bin/kubectl-medic.ts', import.meta.url));
const SHIM = 'containerd-shim';

function medic(...args: readonly string[]): Promise<string> {
  return run(process.execPath, [PLUGIN, ...args], { timeoutMs: 120_000 });
}

/** A process of this machine by its name and its id within the node. */
function hostPid(comm: string, pidInNode: number): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const status = statusOf(name);
    const ids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
    const isIt = status.startsWith(`Name:\t${comm}`) && ids.length === 2 && ids[1] === pidInNode;
    // Nodes number their processes alike: the one that is meant is stopped.
    if (isIt && /^State:\s+T/m.test(status)) return Number(name);
  }
  throw new Error(`no stopped ${comm} has the id ${String(pidInNode)} in ${NODE.name}`);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

async function shims(): Promise<readonly number[]> {
  const text = await execOn(NODE.name, 'sh', '-c', `grep -l "^${SHIM}" /proc/[0-9]*/comm || true`);
  return [...text.matchAll(/\/proc\/(\d+)\/comm/g)].map((match) => Number(match[1]));
}

async function capture(report: Report, name: string): Promise<void> {
  await medic('capture', NODE.name, '--kubeconfig', `${STATE}/admin.kubeconfig`);
  const incident = await completedIncident(NODE.name, 120_000);
  report.check(name, 'the capture is complete', incident.status.outcome === 'CaptureOnly', incident.status.outcome);
  const kubelet = captured(incident, 'GoroutineDump');
  const [dump = ''] = await Promise.all(kubelet.map(artifact));
  report.check(
    name,
    'the goroutines of the stopped kubelet are saved, with its sync loop and relist',
    dump.includes('(*Kubelet).syncLoop') && /pleg\.\(\*GenericPLEG\)/.test(dump),
    `${String(dump.split('\ngoroutine ').length)} goroutines, ${kubelet[0]?.source ?? ''}`,
  );
  const runtime = captured(incident, 'RuntimeStacks');
  const [stacks = ''] = await Promise.all(runtime.map(artifact));
  report.check(
    name,
    'the goroutines of the stopped containerd are saved',
    stacks.includes('github.com/containerd/containerd/'),
    `${String(stacks.split('\ngoroutine ').length)} goroutines, ${runtime[0]?.source ?? ''}`,
  );
  await checkShim(report, name, incident);
}

/** It is the only one that is stopped, so that it is the first of those that are read. */
async function checkShim(report: Report, name: string, incident: KubeletIncident): Promise<void> {
  const shims = captured(incident, 'ShimStacks');
  const dump = shims.find((entry) => entry.name.startsWith('goroutines-shim-'));
  const text = dump === undefined ? '' : await artifact(dump);
  report.check(
    name,
    'the goroutines of the stopped shim are saved, and the calls in which it stands',
    dump?.message?.startsWith('it is stopped (state T)') === true &&
      /^goroutine 1 \[.*\]:\n(?:.*\n)*?.*\/shim\.serve\(\.\.\.\)\n(?:.*\n)*?main\.main\(/m.test(text),
    `${String(text.split('\ngoroutine ').length)} goroutines, ${dump?.source ?? ''}; ${shims[0]?.message ?? ''}`,
  );
}

export const frozenPrograms: Scenario = {
  name: 'frozen-programs',
  nodes: [NODE],
  wave: 1,
  startAfterMs: 5_000,
  async run(report) {
    const [shim] = await shims();
    if (shim === undefined) throw new Error('no shim runs on the node: its agent has one');
    const kubelet = await unitState(NODE.name, 'kubelet');
    const containerd = await unitState(NODE.name, 'containerd');
    const stopped = [kubelet.pid, containerd.pid, shim].map(String);
    await execOn(NODE.name, 'kill', '-STOP', ...stopped);
    try {
      await capture(report, this.name);
    } finally {
      await execOn(NODE.name, 'kill', '-CONT', ...stopped);
    }
    await execOn(NODE.name, 'kill', '-STOP', String(shim));
    try {
      const text = await medic('stacks', '--pid', String(hostPid(SHIM, shim)));
      report.check(
        this.name,
        'a person reads the goroutines of a stopped shim',
        text.includes('goroutine 1 [') && text.includes('containerd'),
        `${String(text.split('\ngoroutine ').length)} goroutines`,
      );
    } finally {
      await execOn(NODE.name, 'kill', '-CONT', String(shim));
    }
    const after = [await unitState(NODE.name, 'kubelet'), await unitState(NODE.name, 'containerd')];
    report.check(
      this.name,
      'kubelet and containerd run on as they were',
      after[0]?.pid === kubelet.pid && after[1]?.pid === containerd.pid,
    );
  },
};
