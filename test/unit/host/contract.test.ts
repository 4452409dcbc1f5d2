/** The real adapters keep the host's contract, as far as they run without systemd. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCriProbe } from '../../../src/host/cri/cri-probe.ts';
import { createFileLogSource } from '../../../src/host/log/file-log.ts';
import { ON_HOST } from '../../../src/host/namespaces.ts';
import { createSpool } from '../../../src/host/disk/spool.ts';
import { createStateStore } from '../../../src/host/disk/state-store.ts';
import { logContract, probeContract, spoolContract, stateContract } from '../../contract/host-contract.ts';
import { type CriServer, startCriServer, startSilentServer } from './cri-server.ts';
import { REAL_CLOCK } from './real-clock.ts';

async function temporary(): Promise<{ readonly folder: string; readonly dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'medic-'));
  return { folder, dispose: () => rm(folder, { recursive: true, force: true }) };
}

spoolContract('the disk', async () => {
  const { folder, dispose } = await temporary();
  const reopen = (): ReturnType<typeof createSpool> => createSpool({ folder: join(folder, 'spool'), limitBytes: 1000 });
  return { spool: reopen(), reopen, dispose };
});

stateContract('the disk', async () => {
  const { folder, dispose } = await temporary();
  const reopen = (): ReturnType<typeof createStateStore> => createStateStore(join(folder, 'state'));
  return { state: reopen(), reopen, dispose };
});

logContract('a file', async () => {
  const { folder, dispose } = await temporary();
  const path = join(folder, 'kubelet.log');
  await writeFile(path, '');
  return {
    log: createFileLogSource({ namespaces: ON_HOST, clock: REAL_CLOCK, pattern: path }),
    append: (...lines) => appendFile(path, lines.map((line) => `${line}\n`).join('')),
    now: () => Date.now(),
    dispose,
  };
});

probeContract('a unix socket', async () => {
  const { folder, dispose } = await temporary();
  const socket = join(folder, 'cri.sock');
  let server: CriServer | undefined;
  async function become(next: (() => Promise<CriServer>) | undefined): Promise<void> {
    await server?.close();
    server = await next?.();
  }
  return {
    probe: createCriProbe({ namespaces: ON_HOST, clock: REAL_CLOCK, endpoint: async () => `unix://${socket}` }),
    answer: () => become(() => startCriServer(socket, 'answer')),
    hang: () => become(() => startSilentServer(socket)),
    goDown: () => become(undefined),
    fail: () => become(() => startCriServer(socket, 'fail')),
    async dispose(): Promise<void> {
      await become(undefined);
      await dispose();
    },
  };
});
