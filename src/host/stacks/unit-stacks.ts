/** The goroutines of kubelet and runtime, for the agent: the processes that systemd runs in their units. */
import { createGunzip } from 'node:zlib';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Collected, StackReader, UnitRole } from '../../ports/host.ts';
import type { GoroutineHeader, StackReading } from '../../ports/stacks.ts';
import type { FoundProcess } from '../process/find-process.ts';
import { readStacks, sampleStacks, type StackTarget } from './read-stacks.ts';
import { stackError } from './stack-errors.ts';

/** A kubelet of 220 goroutines takes 0.3 s on a quiet machine, one of 100,000 takes 3 s. */
const TIMEOUT_MS = 10_000;
const SAMPLED_MS = 10_000;
/** Of the text. A kubelet of 10,000 goroutines has 8 MB; what is beyond is cut, and said to be. */
const MAX_TEXT = 8 * 1_048_576;

export interface UnitStacksOptions {
  /** `/proc` with the process ids that `process` gives. */
  readonly procRoot: string;
  readonly process: (role: UnitRole, signal: AbortSignal) => Promise<FoundProcess | undefined>;
  readonly clock: Clock;
}

type Named = Pick<FoundProcess, 'pid' | 'unit'>;

export function createUnitStacks({ procRoot, process, clock }: UnitStacksOptions): StackReader {
  async function targetOf(role: UnitRole, signal: AbortSignal): Promise<StackTarget & Named> {
    const found = await process(role, signal);
    if (found === undefined) throw stackError('E_STACKS_GONE', `no process of the ${role} runs in a unit of systemd`);
    const { pid, startTicks, unit } = found;
    return { procRoot, pid, unit, startTicks, timeoutMs: TIMEOUT_MS, clock, signal };
  }

  return {
    async read(role, signal): Promise<Collected> {
      const target = await targetOf(role, signal);
      const reading = await readStacks(target);
      return { ...(await collectedStacks(reading, target)), ...(reading.kind === 'threads' ? kindOf(role) : {}) };
    },
    async sample(role, signal): Promise<Collected> {
      const target = await targetOf(role, signal);
      const { gzip, header } = await sampleStacks(target, SAMPLED_MS);
      const { bytes, isCut } = await unpack(gzip);
      return { bytes, truncated: isCut, message: header.summary, source: memoryOf(target, header) };
    },
    async check(role, signal): Promise<void> {
      const reading = await readStacks(await targetOf(role, signal));
      if (reading.kind === 'threads') throw reading.why;
    },
  };
}

/** @throws why the goroutines could not be read, where that says nothing of the process. */
export async function collectedStacks(reading: StackReading, named: Named): Promise<Collected> {
  const { bytes, isCut } = await unpack(reading.gzip);
  if (reading.kind === 'goroutines') {
    const cut = isCut ? [`cut at ${String(MAX_TEXT)} bytes`] : [];
    return {
      bytes,
      truncated: isCut || reading.header.cutBy !== undefined,
      message: notes(reading.header, cut),
      source: memoryOf(named, reading.header),
    };
  }
  // A reader that hangs says something of the process: its threads are the evidence. A refusal says nothing of it.
  if (reading.why.code !== 'E_STACKS_DEADLINE') throw reading.why;
  const message = `goroutines cannot be read: ${reading.why.message}; these are the threads`;
  return { bytes, truncated: isCut, message, source: `/proc of ${nameOf(named)}` };
}

/** The gate takes threads of the kubelet in place of its goroutines, never those of the runtime. */
function kindOf(role: UnitRole): Pick<Collected, 'kind'> {
  return role === 'kubelet' ? { kind: 'ThreadStacks' } : {};
}

function nameOf({ pid, unit }: Named): string {
  return `process ${String(pid)} (${unit})`;
}

function memoryOf(named: Named, { buildInfo }: Pick<GoroutineHeader, 'buildInfo'>): string {
  const memory = `memory of ${nameOf(named)}`;
  if (buildInfo === undefined) return memory;
  const { goVersion, packagePath, mainPath = packagePath, mainVersion, revision } = buildInfo;
  const module = mainPath === undefined ? '' : `, ${mainPath}${mainVersion === undefined ? '' : ` ${mainVersion}`}`;
  return `${memory}, ${goVersion}${module}${revision === undefined ? '' : `, revision ${revision}`}`;
}

/** What a person should know of a dump that is not like one that the program wrote itself. */
function notes(
  { goroutines, running, torn, incomplete, cutBy, buildInfo }: GoroutineHeader,
  more: readonly string[],
): string {
  const versions = Object.entries(buildInfo?.linkedStrings ?? {})
    .filter(([name]) => /version$/i.test(name))
    .map(([name, value]) => `${name.replace(/^.*\//, '')}=${value}`);
  return [
    ...(cutBy === undefined ? [] : [`not all goroutines: the bound of ${cutBy} was reached`]),
    ...more,
    ...(running > 0 ? [`${String(running)} of ${String(goroutines)} goroutines ran`] : []),
    ...(torn > 0 ? [`${String(torn)} changed while they were read`] : []),
    ...(incomplete > 0 ? [`${String(incomplete)} stacks are incomplete`] : []),
    ...versions.slice(0, 4),
  ].join('; ');
}

async function unpack(gzip: Buffer): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const unzip = createGunzip();
  unzip.end(gzip);
  try {
    for await (const chunk of unzip as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_TEXT) break;
    }
  } catch (cause) {
    throw new MedicError('E_STACKS_READER', 'transient', 'the reader of the stacks sent no gzip', { cause });
  }
  return { bytes: Buffer.concat(chunks).subarray(0, MAX_TEXT), isCut: size > MAX_TEXT };
}
