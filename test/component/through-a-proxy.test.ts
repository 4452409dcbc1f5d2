/** Requests through an HTTP proxy, and as somebody else: over real sockets. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { startApiServer, type ApiServer } from '../support/api-server/server.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { createSeededRandom } from '../support/clock.ts';
import { realClock } from '../support/real-time.ts';

let server: ApiServer;
let proxy: Server;
const asked: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
const sockets = new Set<Socket>();

beforeEach(async () => {
  asked.length = 0;
  server = await startApiServer();
  proxy = createServer();
  proxy.on('connect', (request, client: Socket) => {
    asked.push({ url: request.url, headers: request.headers });
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const socket of [client, target]) sockets.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => proxy.close(resolve));
  await server.close();
});

test('each request to the API server goes through the proxy, with its password, and TLS ends at the API server', async () => {
  server.seed(NODES, { metadata: { name: 'node-a' } });
  const { port } = proxy.address() as AddressInfo;
  const connection = { ...server.connection(), proxy: `http://joe:s%40cret@127.0.0.1:${String(port)}` };
  const cluster = createCluster(connection, {
    clock: realClock,
    random: createSeededRandom(),
    log: createRecordingLog(),
  });
  expect((await cluster.get(NODES, { name: 'node-a' }))?.metadata.name).toBe('node-a');
  expect(asked).toHaveLength(1);
  expect(asked[0]?.url).toBe(new URL(server.url).host);
  expect(asked[0]?.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('joe:s@cret').toString('base64')}`);
});

test('a proxy that is not there is told as such', async () => {
  const connection = { ...server.connection(), proxy: 'http://127.0.0.1:1' };
  const cluster = createCluster(connection, {
    clock: realClock,
    random: createSeededRandom(),
    log: createRecordingLog(),
  });
  await expect(cluster.get(NODES, { name: 'node-a' }, { deadlineMs: 2_000 })).rejects.toMatchObject({
    name: 'MedicError',
  });
});
