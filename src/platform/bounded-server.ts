/**
 * An HTTP server that whoever reaches its port cannot use up: few connections, fewer from one address, one small request on
 * each, and little time for it. Prometheus and the kubelet need no more.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export const SERVER_BOUNDS = {
  connections: 64,
  /** The kubelet probes from an address of the node; a pod that floods the port has another one. */
  connectionsOfAddress: 8,
  /** New connections of one address. */
  perSecondOfAddress: 20,
  /** Addresses that are told apart within a second. */
  addresses: 1024,
  /** Of a request with all its headers. */
  headerBytes: 4096,
  /** From the connection to the end of the answer, also for one who does not read it. */
  lifeMs: 10_000,
  headersMs: 3_000,
} as const;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export function createBoundedServer(handle: Handler): Server {
  /** A second request on a connection was sent before the first was answered: no client of ours does that. */
  const used = new WeakSet<Socket>();
  const server = createServer(
    {
      maxHeaderSize: SERVER_BOUNDS.headerBytes,
      headersTimeout: SERVER_BOUNDS.headersMs,
      requestTimeout: SERVER_BOUNDS.lifeMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      const { socket } = request;
      if (used.has(socket)) {
        socket.destroy();
        return;
      }
      used.add(socket);
      response.setHeader('connection', 'close');
      handle(request, response);
    },
  );
  server.maxConnections = SERVER_BOUNDS.connections;
  const admit = createAdmission(() => Date.now());
  server.on('connection', (socket) => {
    if (!admit(socket)) {
      socket.destroy();
      return;
    }
    const life = setTimeout(() => socket.destroy(), SERVER_BOUNDS.lifeMs);
    life.unref();
    socket.once('close', () => {
      clearTimeout(life);
    });
  });
  return server;
}

/** Counts connections by address: those that are open, and those that began in this second. */
function createAdmission(now: () => number): (socket: Socket) => boolean {
  const open = new Map<string, number>();
  let begun = new Map<string, number>();
  let second = 0;
  return (socket) => {
    const address = socket.remoteAddress ?? '';
    if (Math.floor(now() / 1000) !== second) {
      second = Math.floor(now() / 1000);
      begun = new Map();
    }
    const isNew = !begun.has(address);
    const rate = (begun.get(address) ?? 0) + 1;
    const count = (open.get(address) ?? 0) + 1;
    if (isNew && begun.size >= SERVER_BOUNDS.addresses) return false;
    begun.set(address, rate);
    if (count > SERVER_BOUNDS.connectionsOfAddress || rate > SERVER_BOUNDS.perSecondOfAddress) return false;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    return true;
  };
}
