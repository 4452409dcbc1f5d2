/** The controller as the chart ships it: its bundle, its flags, its environment, its limit of memory; and what it costs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { ControlPlane } from '../../../support/control-plane.ts';
import type { YamlObject } from '../../../support/raw-resource.ts';
import { eventually } from '../../../support/real-time.ts';
import { NAMESPACE } from './plane.ts';

const Deployment = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([
          z.object({
            command: z.array(z.string()),
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.optional(z.string()) })),
            resources: z.object({ limits: z.object({ memory: z.string() }) }),
          }),
        ]),
      }),
    }),
  }),
});

export interface Shipped {
  readonly account: string;
  /** Without the program and the address of its metrics. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limitBytes: number;
}

const UNITS: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, '': 1 };

function bytesOf(quantity: string): number {
  const [, digits, unit = ''] = /^(\d+)(Ki|Mi|Gi|)$/.exec(quantity) ?? [];
  if (digits === undefined) throw new Error(`not a size of memory: ${quantity}`);
  return Number(digits) * (UNITS[unit] ?? 1);
}

/** What the chart's Deployment of the controller says. */
export function shippedController(chart: readonly YamlObject[]): Shipped {
  const raw = chart.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name?.endsWith('-controller') === true,
  );
  const { spec } = Deployment.parse(raw).spec.template;
  const [container] = spec.containers;
  const flags = container.command.slice(1).concat(container.args);
  const env = container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return {
    account: spec.serviceAccountName,
    argv: flags.filter((flag) => !flag.startsWith('--metrics-address')),
    env: Object.fromEntries(env),
    limitBytes: bytesOf(container.resources.limits.memory),
  };
}

interface Usage {
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly cpuMs: number;
}

export interface Controller {
  readonly name: string;
  /** When the process was started, and when it said that it is in sync, on the monotonic clock. */
  readonly startedAt: number;
  inSyncAt(): number | undefined;
  isAlive(): boolean;
  /** The kernel ended it since it went over its limit. */
  isKilledForMemory(): boolean;
  /** The last values of one that has ended. */
  usage(): Usage;
  signal(name: NodeJS.Signals): void;
  whenReady(limitMs: number): Promise<void>;
  /** Lines that it has printed, as they are. */
  lines(): readonly string[];
  stop(): Promise<void>;
}

const CGROUPS = '/sys/fs/cgroup';
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TICK_MS = 10;

/** A memory cgroup of its own, of version 1 or 2. */
function createGroup(name: string, limitBytes: number): { readonly folder: string; readonly kills: () => number } {
  const isV1 = existsSync(join(CGROUPS, 'memory'));
  const folder = join(CGROUPS, isV1 ? 'memory' : '', `kubelet-medic-bench-${process.pid}-${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes));
  const events = join(folder, isV1 ? 'memory.oom_control' : 'memory.events');
  return { folder, kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'utf8'))?.[1] ?? 0) };
}

/** Where a pod finds its token, in a mount namespace of its own; then the program takes the place of the shell. */
const ENTER = `
set -e
echo $$ > "$1/cgroup.procs"; shift
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$1"/token "$1"/ca.crt /run/secrets/kubernetes.io/serviceaccount/; shift
exec "$@"
`;

function usageOf(pid: number): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    const [residentBytes, peakBytes] = [kilobytes('VmRSS') * 1024, kilobytes('VmHWM') * 1024];
    if (Number.isNaN(residentBytes)) return undefined;
    // proc_pid_stat(5): utime and stime are fields 14 and 15; the second one, in brackets, may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { residentBytes, peakBytes, cpuMs: (Number(stat[11]) + Number(stat[12])) * TICK_MS };
  } catch {
    return undefined;
  }
}

export interface Start {
  readonly name: string;
  readonly plane: ControlPlane;
  readonly shipped: Shipped;
  readonly token: string;
  readonly limitBytes: number;
}

export function startController({ name, plane, shipped, token, limitBytes }: Start): Controller {
  const account = join(plane.folder, name);
  mkdirSync(account);
  writeFileSync(join(account, 'token'), token);
  writeFileSync(join(account, 'ca.crt'), plane.ca);
  const group = createGroup(name, limitBytes);
  // `/app/controller.cjs` of the image is the bundle.
  const argv = shipped.argv.map((flag) => (flag === '/app/controller.cjs' ? join(ROOT, 'dist/controller.cjs') : flag));
  const program = [process.execPath, ...argv, '--metrics-address=127.0.0.1:0'];
  const server = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(plane.port) };
  const startedAt = performance.now();
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', group.folder, account, ...program],
    { env: { PATH: process.env['PATH'], ...server, POD_NAME: name, POD_NAMESPACE: NAMESPACE, ...shipped.env } },
  );
  return watch(child, { name, group, startedAt });
}

function watch(
  child: ChildProcess,
  {
    name,
    group,
    startedAt,
  }: { readonly name: string; readonly group: ReturnType<typeof createGroup>; readonly startedAt: number },
): Controller {
  const { pid } = child;
  if (pid === undefined) throw new Error('unshare cannot be started');
  const lines: string[] = [];
  let inSyncAt: number | undefined;
  let last: Usage = { residentBytes: 0, peakBytes: 0, cpuMs: 0 };
  let rest = '';
  const take = (text: string): void => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      if (line.includes('Controller is in sync')) inSyncAt ??= performance.now();
      if (lines.length < 100_000) lines.push(line);
    }
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const look = (): Usage => {
    last = (isAlive() ? usageOf(pid) : undefined) ?? last;
    return last;
  };
  // A process that the kernel ends leaves the values of a moment before.
  const looks = setInterval(look, 100);
  return {
    name,
    startedAt,
    inSyncAt: () => inSyncAt,
    isAlive,
    isKilledForMemory: () => group.kills() > 0,
    usage: look,
    lines: () => lines,
    signal: (signal) => void child.kill(signal),
    whenReady: (limitMs) =>
      eventually(
        `${name} is in sync`,
        () => {
          if (!isAlive()) throw new Error(`${name} has ended; its last lines:\n${lines.slice(-5).join('\n')}`);
          return inSyncAt !== undefined;
        },
        limitMs,
      ),
    async stop(): Promise<void> {
      clearInterval(looks);
      child.kill('SIGTERM');
      for (let tries = 0; isAlive() && tries < 150; tries++) await sleep(100);
      if (isAlive()) child.kill('SIGKILL');
      while (isAlive()) await sleep(20);
      // The last of its threads may be on its way out.
      for (let tries = 0; existsSync(group.folder) && tries < 100; tries++) {
        try {
          rmdirSync(group.folder);
        } catch {
          await sleep(50);
        }
      }
    },
  };
}
