/** Artifacts of a simulated host. */
import type { Clock } from '../../../src/ports/clock.ts';
import type { Collector, UnitFacts } from '../../../src/ports/host.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { Journal, JournalLine } from './journal.ts';

export interface CollectorWorld {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly node: string;
  readonly kernel: string;
  readonly kubelet: () => UnitFacts;
  readonly runtime: () => UnitFacts;
  readonly isRuntimeHung: () => boolean;
}

function asJournal(node: string, ident: string, { at, text }: JournalLine): string {
  return `${new Date(at).toISOString().replace('Z', '000+0000')} ${node} ${ident}: ${text}`;
}

function text(content: string): Promise<{ bytes: Buffer; truncated: boolean; message: string }> {
  return Promise.resolve({ bytes: Buffer.from(content), truncated: false, message: '' });
}

function properties(unit: UnitFacts): string {
  return [
    `Id=${unit.unit}`,
    `ActiveState=${unit.activeState}`,
    `SubState=${unit.subState}`,
    `MainPID=${String(unit.mainPID)}`,
    `InvocationID=${unit.invocationID}`,
    `NRestarts=${String(unit.restarts)}`,
    `Restart=${unit.restart}`,
    `KillMode=${unit.killMode}`,
    'Environment=AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY',
    '',
  ].join('\n');
}

export function createCollectors(world: CollectorWorld): readonly Collector[] {
  const { clock, journal, node } = world;
  return [
    {
      name: 'kubelet.log',
      kind: 'KubeletLog',
      source: 'journalctl -u kubelet.service',
      timeoutMs: 20_000,
      collect: ({ since, until }) =>
        text(
          journal
            .between(since, until)
            .map((line) => `${asJournal(node, `kubelet[${String(world.kubelet().mainPID)}]`, line)}\n`)
            .join(''),
        ),
    },
    {
      name: 'runtime.log',
      kind: 'RuntimeLog',
      source: 'journalctl -u containerd.service',
      timeoutMs: 20_000,
      collect: ({ since }) => {
        const line = { at: since, text: 'time="2026-11-24T10:00:00Z" level=info msg="containerd successfully booted"' };
        return text(`${asJournal(node, 'containerd[140]', line)}\n`);
      },
    },
    {
      name: 'kernel.log',
      kind: 'KernelLog',
      source: 'journalctl -k',
      timeoutMs: 20_000,
      collect: ({ since }) => text(`${asJournal(node, 'kernel', { at: since, text: 'eth0: link becomes ready' })}\n`),
    },
    {
      name: 'processes.txt',
      kind: 'Processes',
      source: '/proc',
      timeoutMs: 10_000,
      collect: () => {
        const { kubelet, runtime } = world;
        const letter = world.isRuntimeHung() ? 'T' : 'S';
        const wchan = world.isRuntimeHung() ? 'do_signal_stop' : 'ep_poll';
        return text(
          `PID STATE WCHAN COMM\n${String(kubelet().mainPID)} S futex_wait kubelet\n${String(runtime().mainPID)} ${letter} ${wchan} containerd\n`,
        );
      },
    },
    {
      name: 'units.txt',
      kind: 'UnitProperties',
      source: 'systemctl show kubelet.service containerd.service',
      timeoutMs: 10_000,
      collect: () => text(`${properties(world.kubelet())}\n${properties(world.runtime())}`),
    },
    {
      name: 'runtime-info.json',
      kind: 'RuntimeInfo',
      source: 'CRI Status, ListPodSandbox, ListContainers',
      timeoutMs: 10_000,
      collect: async (_window, signal) => {
        if (!world.isRuntimeHung())
          return await text('{"status":{"conditions":[{"type":"RuntimeReady","status":true}]}}\n');
        await clock.sleep(5_000, signal);
        throw new MedicError('E_CRI_DEADLINE', 'transient', 'Status: no answer within 5s');
      },
    },
    {
      name: 'host.txt',
      kind: 'HostFacts',
      source: '/proc',
      timeoutMs: 10_000,
      collect: () => text(`kernel ${world.kernel}\nloadavg 0.42 0.40 0.38 2/512 9\n`),
    },
  ];
}
