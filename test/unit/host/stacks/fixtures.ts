/** Recorded processes, and what pprof said of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { ProcessSource } from '../../../../src/host/stacks/byte-source.ts';
import { openProgram } from '../../../../src/host/stacks/goroutines/open-program.ts';
import type { BuildInfo, DumpStats } from '../../../../src/ports/stacks.ts';
import { unpackRecording } from '../../../support/stacks/recording.ts';

const FOLDER = fileURLToPath(new URL('../../../fixtures/stacks/', import.meta.url));

export const NAMES: readonly string[] = readdirSync(FOLDER)
  .flatMap((file) => /^(.*)\.recording\.gz$/.exec(file)?.[1] ?? [])
  .sort();

export function recordingOf(name: string): Buffer {
  return unpackRecording(readFileSync(`${FOLDER}${name}.recording.gz`));
}

/** Without the goroutine that wrote it. */
export function pprofOf(name: string): string {
  const blocks = gunzipSync(readFileSync(`${FOLDER}${name}.pprof.gz`))
    .toString('utf8')
    .split('\n\n');
  return blocks.filter((block) => !/^goroutine \d+ \[running\]/.test(block)).join('\n\n');
}

export interface Dumped {
  readonly text: string;
  readonly stats: DumpStats;
  readonly buildInfo: BuildInfo | undefined;
}

const LIMITS = { maxGoroutines: 10_000, maxTextBytes: 10_000_000, isTimeOver: () => false };

export function dumpOf(source: ProcessSource, limits: Partial<typeof LIMITS> = {}): Dumped {
  let text = '';
  const program = openProgram(source);
  const stats = program.dump({ ...LIMITS, ...limits }, (piece) => {
    text += piece;
  });
  return { text, stats, buildInfo: program.buildInfo };
}
