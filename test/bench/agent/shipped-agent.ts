/** The agent as the chart ships it: its bundle, its parent, its flags and its environment; and its memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { ControlPlane } from '../../support/control-plane.ts';
import type { YamlObject } from '../../support/raw-resource.ts';
import { NAMESPACE } from '../fleet/machine/plane.ts';
import type { BenchHost } from './host.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const DaemonSet = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({
            command: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.optional(z.string()) })),
          }),
        ]),
      }),
    }),
  }),
});

/** Of one process, in bytes. `anonymous`: what is its own; the rest is pages of files, which programs of one image share. */
export interface Memory {
  readonly resident: number;
  readonly anonymous: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { resident: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}

/** Programs of the bench come before those of the system. */
const ENTER = 'mount --bind "$1" /usr/local/sbin && shift && exec "$@"';

export interface RunningAgent {
  /** Of the program, not of its parent. */
  pid(): number;
  stop(): Promise<void>;
}

export interface AgentPlace {
  readonly plane: ControlPlane;
  readonly host: BenchHost;
  readonly node: string;
  readonly token: string;
}

export function startAgent(chart: readonly YamlObject[], folder: string, place: AgentPlace): RunningAgent {
  const { plane, host, node, token } = place;
  const raw = chart.find(({ kind }) => kind === 'DaemonSet');
  const [{ command, env }] = DaemonSet.parse(raw).spec.template.spec.containers;
  const files: Readonly<Record<string, string>> = {
    '/app/supervise.sh': join(ROOT, 'src/bin/supervise.sh'),
    '/app/agent.cjs': join(ROOT, 'dist/agent.cjs'),
    node: process.execPath,
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'token'), token);
  writeFileSync(join(folder, 'ca.crt'), plane.ca);
  const flags = [
    `--node-name=${node}`,
    `--state-dir=${join(folder, 'state')}`,
    `--server=https://127.0.0.1:${plane.port}`,
    `--ca-file=${join(folder, 'ca.crt')}`,
    `--token-file=${join(folder, 'token')}`,
    '--metrics-address=127.0.0.1:0',
  ];
  const argv = [...command.map((word) => files[word] ?? word), ...flags, ...host.flags];
  const values = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const log = openSync(join(folder, 'agent.log'), 'a');
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', host.programs, ...argv],
    {
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'], POD_NAME: 'agent', POD_NAMESPACE: NAMESPACE, ...Object.fromEntries(values) },
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('unshare cannot be started');
  const ended = once(child, 'exit');
  return {
    pid: () => {
      const [program] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
      if (program === undefined || program === '') throw new Error(`no agent runs; see ${folder}/agent.log`);
      return Number(program);
    },
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
