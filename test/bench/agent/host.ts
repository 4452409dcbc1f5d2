/** What an agent finds on its node: a kubelet of 220 goroutines, a runtime that answers, a log of 20 minutes, and a systemctl. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram, startProgram } from '../../support/stacks/go-program.ts';
import { startCriServer } from '../../unit/host/cri-server.ts';

export interface BenchHost {
  /** Flags of the agent that say where all of it is. */
  readonly flags: readonly string[];
  /** Programs that stand in for those of the system. */
  readonly programs: string;
  stop(): Promise<void>;
}

const LOG_MS = 20 * 60_000;
const LINES_A_SECOND = 40;

/** In klog's text form (k8s.io/klog), in UTC. */
function logOf(untilMs: number): string {
  const count = (LOG_MS / 1_000) * LINES_A_SECOND;
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(untilMs - LOG_MS + (index * 1_000) / LINES_A_SECOND).toISOString();
    const head = `I${at.slice(5, 7)}${at.slice(8, 10)} ${at.slice(11, 23)}000    1234`;
    const id = ((index * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0').repeat(4);
    const pod = `shop/web-${index % 97}`;
    return `${head} kubelet.go:2670] "SyncLoop (PLEG): event for pod" pod="${pod}" event={"ID":"${id}","Type":"ContainerStarted","Data":"${id}"}\n`;
  }).join('');
}

/** Knows one unit of each role, and says of both what systemd would. */
function systemctl(pids: Readonly<Record<string, number>>): string {
  const cases = Object.entries(pids).map(
    ([unit, pid]) => `${unit}) printf 'Id=${unit}\\nLoadState=loaded\\nActiveState=active\\nMainPID=${pid}\\n\\n';;`,
  );
  return `#!/bin/sh\nfor word in "$@"; do case "$word" in ${cases.join(' ')} esac; done\n`;
}

export async function startHost(folder: string): Promise<BenchHost> {
  const path = buildProgram({ program: 'blocked', flags: ['-trimpath'] });
  const [kubelet, runtime] = await Promise.all([220, 60].map((count) => startProgram(path, ['-only', String(count)])));
  if (kubelet === undefined || runtime === undefined) throw new Error('nothing was started');
  const socket = join(folder, 'cri.sock');
  const cri = await startCriServer(socket, 'answer');
  const log = join(folder, 'kubelet.log');
  writeFileSync(log, logOf(Date.now()));
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  const units = { 'bench-kubelet.service': kubelet.pid, 'bench-runtime.service': runtime.pid };
  writeFileSync(join(programs, 'systemctl'), systemctl(units), { mode: 0o755 });
  for (const name of ['journalctl', 'dmesg']) writeFileSync(join(programs, name), '#!/bin/sh\n', { mode: 0o755 });
  return {
    programs,
    flags: [
      '--host-pid-namespace=none',
      '--kubelet-unit=bench-kubelet.service',
      '--runtime-unit=bench-runtime.service',
      `--cri-endpoint=unix://${socket}`,
      `--log-source=file:${log}`,
    ],
    async stop(): Promise<void> {
      await Promise.all([kubelet.stop(), runtime.stop(), cri.close()]);
    },
  };
}
