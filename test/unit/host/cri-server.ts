/** A real gRPC server on a unix socket that speaks as much CRI as the probe asks for. */
import { rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { encodeBytes, encodeNumber } from '../../../src/host/cri/protobuf.ts';

export type CriMode = 'answer' | 'fail' | 'old' | 'hang-in-call' | 'garbage';

export interface CriServer {
  readonly calls: string[];
  close(): Promise<void>;
}

const METHODS = ['Version', 'ListPodSandbox', 'ListContainers', 'Status'] as const;

function answerOf(method: (typeof METHODS)[number]): Buffer {
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

export async function startCriServer(socket: string, mode: CriMode): Promise<CriServer> {
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
          if (mode === 'hang-in-call') return;
          if (mode === 'fail') callback({ code: status.INTERNAL, details: 'runtime is broken' });
          else callback(null, mode === 'garbage' ? Buffer.from([0xff, 0xff]) : answerOf(method));
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
