/**
 * Drills as a person asks for them: refused where the label is missing; a frozen kubelet and a hung runtime, each recovered as the
 * policy promises; and one whose agent dies, so that nobody but the host's own systemd is left to undo the fault.
 */
import { fileURLToPath } from 'node:url';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { incidentsOf } from '../../incidents.ts';
import { execOn, kubectl, nodeNow, STATE, unitState } from '../../lab.ts';
import type { Report } from '../../report.ts';
import type { Scenario } from '../../scenario.ts';
import { pause, run, until } from '../../shell.ts';
import { AFTER_OUTAGE_MS } from './interfered.ts';

const NAME = 'drill';
const NODE = { name: 'node-2' };
const PLUGIN = fileURLToPath(new URL('../../../../src/bin/kubectl-medic.ts', import.meta.url));
const LIMIT_MS = 15 * 60_000;

interface Ran {
  readonly ok: boolean;
  readonly text: string;
}

async function drill(...flags: readonly string[]): Promise<Ran> {
  const argv = [PLUGIN, 'drill', NODE.name, '--kubeconfig', `${STATE}/admin.kubeconfig`, ...flags];
  try {
    return { ok: true, text: await run(process.execPath, argv, { timeoutMs: LIMIT_MS }) };
  } catch (error) {
    return { ok: false, text: String(error) };
  }
}

async function newestDrill(): Promise<KubeletIncident | undefined> {
  const drills = (await incidentsOf(NODE.name)).filter(({ spec }) => spec.trigger.type === 'Drill');
  return drills.sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp)).at(-1);
}

async function refused(report: Report): Promise<void> {
  const { pid } = await unitState(NODE.name, 'kubelet');
  const ran = await drill('--fault', 'frozen-kubelet');
  const { status } = (await newestDrill()) ?? {};
  report.check(
    NAME,
    'a node without the label has no drill, and the reason is said',
    !ran.ok && status?.outcome === 'DrillRefused' && JSON.stringify(status).includes('DrillNotAllowed'),
    ran.text.slice(-300),
  );
  report.check(NAME, 'its kubelet runs on', !(await isStopped(pid)));
  await kubectl('label', 'node', NODE.name, 'kubelet-medic.io/drill=allowed');
  const dry = await drill('--fault', 'frozen-kubelet', '--dry-run', 'server');
  report.check(NAME, 'with the label nothing objects, as a dry run says', dry.ok, dry.text.slice(-300));
}

async function rehearsed(report: Report, fault: 'frozen-kubelet' | 'hung-runtime', unit: string): Promise<void> {
  const before = await unitState(NODE.name, unit);
  const ran = await drill('--fault', fault);
  report.note(`${NAME}: ${fault}\n${ran.text}`);
  report.check(NAME, `${fault}: recovered as the policy promises`, ran.ok, ran.text.slice(-500));
  const incident = await newestDrill();
  for (const { what, took } of incident?.status.drill?.times ?? [])
    report.note(`${NAME}: ${fault}: ${what} ${String(took)}`);
  const after = await unitState(NODE.name, unit);
  report.check(NAME, `${fault}: ${unit} has another process`, after.pid !== before.pid);
  report.check(NAME, `${fault}: the host's timer is gone`, !(await isArmed()));
  const { isReady, isCordoned } = await nodeNow(NODE.name);
  report.check(NAME, `${fault}: the node is Ready and schedulable`, isReady && !isCordoned);
}

async function isArmed(): Promise<boolean> {
  const text = await execOn(NODE.name, 'systemctl', 'show', 'kubelet-medic-drill.timer', '-p', 'ActiveState');
  return text.includes('ActiveState=active');
}

async function isStopped(pid: number): Promise<boolean> {
  return /^State:\s+T/m.test(await execOn(NODE.name, 'cat', `/proc/${String(pid)}/status`));
}

/** Programs of ours on the node: they stand still, as dead as can be. */
async function signalAgent(signal: 'STOP' | 'CONT'): Promise<void> {
  const script = `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^node .*/app/agent.cjs' && kill -${signal} \${p#/proc/}; done; true`;
  await execOn(NODE.name, 'sh', '-c', script);
}

/** Until the fault is made, and the agent's report of it is there. */
async function whenMade(): Promise<void> {
  await until('the fault is made', 60_000, async () => {
    const { status } = (await newestDrill()) ?? {};
    return status?.conditions?.some((one) => one.type === 'FaultInjected' && one.status === 'True') === true
      ? true
      : undefined;
  });
}

async function switched(report: Report): Promise<void> {
  const { pid } = await unitState(NODE.name, 'kubelet');
  await drill('--fault', 'frozen-kubelet', '--for', '60s', '--no-wait');
  await whenMade();
  await signalAgent('STOP');
  try {
    report.check(
      NAME,
      'without its agent: the kubelet is stopped, and the host has a timer',
      (await isStopped(pid)) && (await isArmed()),
    );
    await pause(35_000);
    report.check(NAME, 'without its agent: it is stopped as long as was asked for', await isStopped(pid));
    await pause(30_000);
    report.check(NAME, 'without its agent: the host has undone the fault by itself', !(await isStopped(pid)));
    const after = await unitState(NODE.name, 'kubelet');
    report.check(
      NAME,
      'without its agent: the kubelet is the same process',
      after.pid === pid,
      `${String(pid)} -> ${String(after.pid)}`,
    );
  } finally {
    await signalAgent('CONT');
  }
  const ended = await until('the drill is over', 5 * 60_000, async () => {
    const incident = await newestDrill();
    return incident?.status.outcome === undefined ? undefined : incident;
  });
  report.check(
    NAME,
    'without its agent: the drill has failed',
    ended.status.outcome === 'DrillFailed',
    String(ended.status.outcome),
  );
  await until('the node is well', 120_000, async () => {
    const open = (await incidentsOf(NODE.name)).some(({ status }) => status.outcome === undefined);
    return (await nodeNow(NODE.name)).isReady && !open ? true : undefined;
  });
}

export const drills: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 3,
  startAfterMs: AFTER_OUTAGE_MS,
  async run(report) {
    await refused(report);
    await rehearsed(report, 'frozen-kubelet', 'kubelet');
    await switched(report);
    await rehearsed(report, 'hung-runtime', 'containerd');
  },
};
