/** A kubelet's HTTPS endpoint for a real API server's node proxy. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { networkInterfaces } from 'node:os';
import type { AddressInfo } from 'node:net';

export interface FakeKubelet {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

type Answer = (
  method: string,
  path: string,
  body: string,
) => Promise<{ readonly status: number; readonly body: string }>;

/** An address of this machine that is not loopback: the node proxy refuses that. Source: apiserver `util/proxy`. */
function machineAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((at) => at !== undefined && !at.internal && at.family === 'IPv4' && !at.address.startsWith('169.254.'));
  if (found === undefined)
    throw new Error('this machine has no IPv4 address besides loopback; the node proxy needs one');
  return found.address;
}

const pki = (file: string): string =>
  readFileSync(new URL(`api-server/test-only-pki/${file}`, import.meta.url), 'utf8');

export async function startFakeKubelet(answer: Answer): Promise<FakeKubelet> {
  const address = machineAddress();
  const server = createServer({ cert: pki('server.crt'), key: pki('server.key') }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      void answer(request.method ?? '', request.url ?? '', body).then((result) => {
        response.writeHead(result.status, { 'content-type': 'text/plain; charset=utf-8' });
        response.end(result.body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    address,
    port: (server.address() as AddressInfo).port,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
