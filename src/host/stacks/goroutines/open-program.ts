/**
 * A running Go program, opened to read its goroutines from its file and its memory. Nothing is written, no signal sent,
 * nobody stopped. Go 1.18 to 1.27 on amd64 and arm64; arguments, labels and frames of C are not read.
 */
import { isMedicError } from '../../../ports/errors.ts';
import type { BuildInfo, DumpStats } from '../../../ports/stacks.ts';
import type { ProcessSource } from '../byte-source.ts';
import { createProcessMemory } from '../process-memory.ts';
import { readBuildInfo } from '../program/build-info.ts';
import { createCallFrames } from '../program/call-frames.ts';
import { openExecutable } from '../program/executable.ts';
import { createFunctionTable, readTableHeader } from '../program/function-table.ts';
import { findModuleData } from '../program/module-data.ts';
import { stackError } from '../stack-errors.ts';
import { dumpAll, type DumpLimits } from './dump.ts';
import { chooseLayout } from './layout.ts';
import { findGoroutines, readAddresses, readGoroutines } from './list.ts';
import { type SampleOrder, type Samples, takeSamples } from './samples.ts';
import type { GoroutineContext } from './settle.ts';
import { findWaitReasons } from './wait-reasons.ts';

export interface OpenProgram {
  readonly buildInfo: BuildInfo | undefined;
  /** @param write gets the text in pieces of one goroutine each. */
  dump(limits: DumpLimits, write: (text: string) => void): DumpStats;
  sample(order: SampleOrder): Samples;
}

const SAMPLE = 400;
const NEWEST = 27;

/** @throws `E_STACKS_NOT_GO`, `E_STACKS_UNSUPPORTED`, `E_STACKS_MALFORMED`. */
export function openProgram(source: ProcessSource): OpenProgram {
  const executable = openExecutable(source.file, source.fileSize);
  const buildInfo = readBuildInfo(executable);
  try {
    const memory = createProcessMemory(source.memory, source.entryPoint - executable.entry);
    const header = readTableHeader(executable);
    const module = findModuleData(executable, memory, header);
    const table = createFunctionTable(executable, header, module.text);
    const list = findGoroutines(memory, module.bss);
    const sample = readGoroutines(memory, readAddresses(memory, list, SAMPLE));
    const layout = chooseLayout(
      [...sample].map(({ raw }) => raw),
      table,
    );
    const frames = createCallFrames(executable, table, module.funcdata);
    const reasons = findWaitReasons(memory, module.data);
    const { isArm64 } = executable;
    const context: GoroutineContext = { memory, source, frames, layout, isArm64, table, list, reasons };
    return {
      buildInfo,
      dump: (limits, write) => dumpAll(context, limits, write),
      sample: (order) => takeSamples(context, order),
    };
  } catch (error) {
    throw explain(error, buildInfo);
  }
}

/** What is not understood of a Go version that nobody has tried is no fault of the program. */
function explain(error: unknown, buildInfo: BuildInfo | undefined): unknown {
  if (!isMedicError(error) || buildInfo === undefined) return error;
  const { goVersion } = buildInfo;
  const minor = Number(/^(?:devel )?go1\.(\d+)/.exec(goVersion)?.[1] ?? NEWEST);
  const isTried = minor >= 18 && minor <= NEWEST;
  if (error.code !== 'E_STACKS_MALFORMED' && error.code !== 'E_STACKS_NOT_GO') return error;
  const built = `the program is built by ${goVersion}`;
  if (isTried) return stackError(error.code, `${built}, but ${error.message}`, error);
  const range = `stacks are read from go1.18 to go1.${NEWEST}`;
  return stackError('E_STACKS_UNSUPPORTED', `${built}; ${range} (${error.message})`, error);
}
