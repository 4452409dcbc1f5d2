/**
 * Makes the recordings in test/fixtures/stacks: `node test/support/stacks/record.ts [QEMU_AARCH64]`. Needs go; as root.
 * Beside each recording is what pprof said of the same process.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openProgram } from '../../../src/host/stacks/goroutines/open-program.ts';
import { openProcess } from '../../../src/host/stacks/process-files.ts';
import { openEmulated } from './emulator.ts';
import { buildProgram, startProgram } from './go-program.ts';
import { recordProcess } from './recording.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/stacks/', import.meta.url));
const LIMITS = { maxGoroutines: 10_000, maxTextBytes: 10_000_000, isTimeOver: () => false };
const STRIPPED = ['-trimpath', '-ldflags=-s -w'];

async function record(name: string, path: string, emulator?: string): Promise<void> {
  const dump = join(tmpdir(), `${name}.txt`);
  const recorded = await startProgram(path, [dump], emulator === undefined ? [] : [emulator]);
  try {
    const source =
      emulator === undefined
        ? openProcess({ procRoot: '/proc', pid: recorded.pid, startTicks: undefined })
        : openEmulated(recorded.pid, path);
    const { source: noted, bytes } = recordProcess(source);
    const { goroutines } = openProgram(noted).dump(LIMITS, () => undefined);
    writeFileSync(`${FOLDER}${name}.recording.gz`, bytes());
    writeFileSync(`${FOLDER}${name}.pprof.gz`, gzipSync(readFileSync(dump), { level: 9 }));
    process.stdout.write(`${name}: ${goroutines} goroutines, ${Math.round(bytes().length / 1024)} KiB\n`);
  } finally {
    await recorded.stop();
  }
}

const [qemu] = process.argv.slice(2);
for (const go of ['1.19.13', '1.24.9', '1.27.0']) {
  await record(`go${go}-amd64`, buildProgram({ program: 'parked', go, flags: STRIPPED }));
}
if (qemu !== undefined) {
  const path = buildProgram({ program: 'parked', go: '1.26.8', arch: 'arm64', flags: STRIPPED });
  await record('go1.26.8-arm64', path, qemu);
}
