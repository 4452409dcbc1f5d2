/**
 * How a folder of reports is diagnosed: `node test/score/main.ts FOLDER`. The folder has `index.json`, a list of `{ name,
 * stuckIn }`, and a text `NAME.txt` of each. A cause is named where its class is one of those that `stuckIn` stands for.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { CauseClass, Diagnosis } from '../../src/api/v1alpha1/parts/diagnosis.ts';
import { gatherInput } from '../../src/cli/diagnose/gather-input.ts';
import { judge } from '../../src/cli/diagnose/judge.ts';
import { createSystemClock } from '../../src/platform/clock.ts';

interface Report {
  readonly name: string;
  readonly stuckIn: string;
}

const RIGHT: Readonly<Record<string, readonly CauseClass[]>> = {
  // A list that is too long to be answered is of the second kind.
  'runtime hung/overloaded': ['RuntimeHung', 'RuntimeDown', 'ShimOrRunc', 'SlowRelist', 'Configuration'],
  'runtime deadlock': ['RuntimeHung', 'ShimOrRunc'],
  'OCI create/runc': ['ShimOrRunc'],
  'network plugin': ['Cni'],
  'storage/mount': ['Storage', 'StartUpBlocked'],
  disk: ['Storage', 'KernelOrHost'],
  'systemd/dbus': ['SystemdOrDbus'],
  'device plugin': ['DevicePlugin'],
  'kernel hung task': ['KernelOrHost', 'Storage'],
  'memory/OOM': ['KernelOrHost'],
  clock: ['KernelOrHost'],
  'configuration/start-up': ['Configuration', 'StartUpBlocked', 'KubeletDown', 'RuntimeHung'],
  'certificate/API connection': ['KubeletSilent', 'KubeletDeadlock', 'Configuration'],
  'kubelet crash': ['KubeletDown', 'KubeletDeadlock'],
  eventedPLEG: ['Configuration', 'KubeletDeadlock'],
  'image GC': ['Storage', 'RuntimeHung', 'Configuration'],
  none: ['Healthy', 'Unknown'],
  unknown: ['Unknown'],
};

type Score = 'named' | 'unknown' | 'wrong' | 'wrong and High';

function scoreOf({ class: found, confidence }: Diagnosis, { stuckIn }: Report): Score {
  const right = RIGHT[stuckIn] ?? [];
  if (right.includes(found)) return 'named';
  if (found === 'Unknown') return 'unknown';
  return confidence === 'High' || found === 'Healthy' ? 'wrong and High' : 'wrong';
}

async function verdictOf(path: string): Promise<Diagnosis> {
  const told = { probe: undefined, kubeletVersion: undefined, runtimeVersion: undefined };
  const sources = { stdin: Readable.from([]), clock: createSystemClock() };
  return judge((await gatherInput([path], told, sources)).nodes).verdict;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node test/score/main.ts FOLDER');
const reports = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as readonly Report[];
const counts = new Map<string, number>();
for (const report of reports) {
  const verdict = await verdictOf(join(folder, `${report.name}.txt`));
  const score = scoreOf(verdict, report);
  const kind = report.stuckIn === 'none' || report.stuckIn === 'unknown' ? 'without a cause to name' : 'with a cause';
  for (const key of [`${kind}: ${score}`]) counts.set(key, (counts.get(key) ?? 0) + 1);
  console.log(
    `${score.padEnd(15)} ${report.name}: ${report.stuckIn}; ${verdict.class}, ${verdict.cause}, ${verdict.confidence}`,
  );
}
for (const [what, count] of [...counts].sort()) console.log(`${what}: ${count}`);
