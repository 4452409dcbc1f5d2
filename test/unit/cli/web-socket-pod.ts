/**
 * A pod whose commands are run over a WebSocket, as the API server speaks it: one binary frame a message, whose first byte
 * is the stream (Kubernetes: `v4.channel.k8s.io`; RFC 6455 for the frames).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connection } from '../../../src/kube/connection/connection.ts';

export interface Stdio {
  readonly stdout: (bytes: Buffer) => void;
  readonly stderr: (text: string) => void;
  /** Ends the command. */
  readonly exit: (status: object) => void;
  /** Cuts the connection. */
  readonly cut: () => void;
}

export interface WebSocketPod {
  readonly connection: Connection;
  /** Path and query, and the Authorization header, of each request. */
  readonly asked: { readonly url: URL; readonly authorization: string | undefined }[];
  close(): Promise<void>;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

const pki = (file: string): string =>
  readFileSync(new URL(`../../support/api-server/test-only-pki/${file}`, import.meta.url), 'utf8');

/** @param refuse answers with this HTTP status instead. */
export async function startWebSocketPod(
  command: (argv: readonly string[], io: Stdio) => void,
  refuse?: number,
): Promise<WebSocketPod> {
  const asked: WebSocketPod['asked'] = [];
  const sockets = new Set<Duplex>();
  const server = createServer({ cert: pki('server.crt'), key: pki('server.key') });
  server.on('upgrade', (request, socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'https://localhost');
    asked.push({ url, authorization: request.headers.authorization });
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}${GUID}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    command(url.searchParams.getAll('command'), stdioOf(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    connection: {
      server: `https://127.0.0.1:${port}`,
      tls: () => Promise.resolve({ ca: pki('ca.crt') }),
      authorization: () => Promise.resolve('Bearer sesame'),
    },
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function stdioOf(socket: Duplex): Stdio {
  const send = (stream: number, bytes: Buffer): void => {
    socket.write(frame(Buffer.concat([Buffer.from([stream]), bytes])));
  };
  return {
    stdout: (bytes) => {
      send(STDOUT, bytes);
    },
    stderr: (text) => {
      send(STDERR, Buffer.from(text));
    },
    exit: (status) => {
      send(STATUS, Buffer.from(JSON.stringify(status)));
    },
    cut: () => {
      socket.destroy();
    },
  };
}

/** One unmasked binary frame. */
function frame(payload: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
