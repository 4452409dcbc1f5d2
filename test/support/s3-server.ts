/** A real S3 server, versitygw on a folder, as `test/lab/build-versitygw.sh` builds it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';

export const S3_REGION = 'eu-central-1';
export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'medic',
  AWS_SECRET_ACCESS_KEY: 'medic-secret-of-the-test',
} as const;

export interface S3Server {
  /** `http://127.0.0.1:PORT`, or https where it has a certificate. */
  readonly endpoint: string;
  /** The bytes of an object, as they are in the folder; undefined: it is not there. */
  object(key: string): Buffer | undefined;
  /** All keys of the bucket. */
  keys(): readonly string[];
  /** Starts it again, on the same port and folder. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('../lab/build-versitygw.sh', import.meta.url));
let path: string | undefined;

/** Builds it where it is not there yet. */
function gateway(): string {
  path ??= execFileSync(SCRIPT, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilItListens(port: number, child: Child): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (!child.isAlive()) throw new Error(`versitygw has ended: ${child.output()}`);
    const socket = connect(port, '127.0.0.1');
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (listens) return;
    await sleep(50);
  }
  throw new Error(`versitygw does not listen: ${child.output()}`);
}

export interface S3ServerOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly bucket: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startS3Server({ folder, bucket, tls }: S3ServerOptions): Promise<S3Server> {
  const port = await freePort();
  const data = join(folder, 'data');
  mkdirSync(join(data, bucket), { recursive: true });
  const flags = ['--access', S3_CREDENTIALS.AWS_ACCESS_KEY_ID, '--secret', S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY];
  const certificate = tls === undefined ? [] : ['--cert', tls.cert, '--key', tls.key];
  const where = ['--port', `127.0.0.1:${String(port)}`, '--region', S3_REGION];
  const endpoint = `http${tls === undefined ? '' : 's'}://127.0.0.1:${String(port)}`;
  let child: Child | undefined;

  async function start(): Promise<void> {
    child = startChild(gateway(), [...flags, ...where, ...certificate, 'posix', data], join(folder, 's3.log'));
    await untilItListens(port, child);
  }

  await start();
  return {
    endpoint,
    object(key): Buffer | undefined {
      try {
        return readFileSync(join(data, bucket, key));
      } catch {
        return undefined;
      }
    },
    keys: () =>
      readdirSync(join(data, bucket), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes('.sgwtmp'))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(data, bucket).length + 1))
        .sort(),
    start,
    stop: async () => {
      await child?.stop();
    },
  };
}
