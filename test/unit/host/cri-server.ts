/** A real gRPC server on a unix socket that speaks as much CRI as the probe asks for. */
import { rmSync } from 'node:fs';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { encodeBytes, encodeNumber } from '../../../src/host/cri/protobuf.ts';

export type CriMode = 'answer' | 'fail' | 'old' | 'hang-in-call' | 'garbage' | 'many-fields' | 'long';

export interface CriServer {
  readonly calls: string[];
  close(): Promise<void>;
}

const HOSTILE: Readonly<Partial<Record<CriMode, () => Buffer>>> = {
  garbage: () => Buffer.from([0xff, 0xff]),
  // Field 1, of no bytes: a million times.
  'many-fields': () => Buffer.alloc(2_000_000, Buffer.from([0x0a, 0x00])),
  long: () => Buffer.concat([encodeBytes(2, 'n'.repeat(1_000_000)), encodeBytes(3, 'v'.repeat(1_000_000))]),
};

const METHODS = [
  'Version',
  'ListPodSandbox',
  'ListContainers',
  'PodSandboxStatus',
  'ContainerStatus',
  'Status',
] as const;
export type CriMethod = (typeof METHODS)[number];

function answerOf(method: CriMethod): Buffer {
  const sandbox = encodeBytes(1, encodeBytes(1, 'abc'));
  switch (method) {
    case 'Version':
      return Buffer.concat([
        encodeBytes(1, '0.1.0'),
        encodeBytes(2, 'containerd'),
        encodeBytes(3, '1.6.20'),
        encodeBytes(4, 'v1'),
      ]);
    case 'ListPodSandbox':
      return Buffer.concat([sandbox, sandbox, sandbox]);
    case 'ListContainers':
      return Buffer.concat([sandbox, sandbox]);
    case 'PodSandboxStatus':
    case 'ContainerStatus':
      return encodeBytes(1, encodeBytes(1, 'abc'));
    case 'Status': {
      const ready = Buffer.concat([encodeBytes(1, 'RuntimeReady'), encodeNumber(2, 1)]);
      const network = Buffer.concat([
        encodeBytes(1, 'NetworkReady'),
        encodeBytes(3, 'NoCni'),
        encodeBytes(4, 'no config'),
      ]);
      return encodeBytes(1, Buffer.concat([encodeBytes(1, ready), encodeBytes(1, network)]));
    }
  }
}

/** @param hung the methods that have no answer; `gone`: those whose object is not there. */
export async function startCriServer(
  socket: string,
  mode: CriMode,
  { hung = [], gone = [] }: { readonly hung?: readonly CriMethod[]; readonly gone?: readonly CriMethod[] } = {},
): Promise<CriServer> {
  rmSync(socket, { force: true });
  const server = new Server();
  const calls: string[] = [];
  const versions = mode === 'old' ? ['v1alpha2'] : ['v1', 'v1alpha2'];
  const asIs = (bytes: Buffer): Buffer => bytes;
  for (const version of versions) {
    const definition = Object.fromEntries(
      METHODS.map((method) => [
        method,
        {
          path: `/runtime.${version}.RuntimeService/${method}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: asIs,
          requestDeserialize: asIs,
          responseSerialize: asIs,
          responseDeserialize: asIs,
        },
      ]),
    );
    const handlers = Object.fromEntries(
      METHODS.map((method): [string, handleUnaryCall<Buffer, Buffer>] => [
        method,
        (_call, callback) => {
          calls.push(`${version}/${method}`);
          if (mode === 'hang-in-call' || hung.includes(method)) return;
          if (gone.includes(method)) {
            callback({ code: status.NOT_FOUND, details: 'not found' });
            return;
          }
          if (mode === 'fail') callback({ code: status.INTERNAL, details: 'runtime is broken' });
          else callback(null, HOSTILE[mode]?.() ?? answerOf(method));
        },
      ]),
    );
    server.addService(definition, handlers);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return {
    calls,
    async close(): Promise<void> {
      server.forceShutdown();
      rmSync(socket, { force: true });
    },
  };
}

/** Answers a call with a message that has no end. `sent`: how many bytes it got rid of. */
export async function startEndlessServer(socket: string): Promise<CriServer & { readonly sent: () => number }> {
  rmSync(socket, { force: true });
  const chunk = Buffer.alloc(65_536);
  let sent = 0;
  const server = createHttp2Server();
  server.on('session', (session) => session.on('error', () => undefined));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    // Not compressed, and 4 GiB long.
    stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
    const more = (): void => {
      while (!stream.destroyed) {
        sent += chunk.length;
        if (!stream.write(chunk)) return;
      }
    };
    stream.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  return {
    calls: [],
    sent: () => sent,
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** Takes connections and says nothing, as a stopped process does. */
export async function startSilentServer(socket: string): Promise<CriServer> {
  rmSync(socket, { force: true });
  const sockets = new Set<Socket>();
  const server: NetServer = createServer((connection) => {
    sockets.add(connection);
    connection.on('error', () => undefined);
    connection.pause();
  });
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  return {
    calls: [],
    async close(): Promise<void> {
      for (const connection of sockets) connection.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
