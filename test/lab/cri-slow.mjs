// cri-slow.mjs LISTEN TARGET: a gRPC proxy between a kubelet and its container runtime, both unix sockets.
// From SIGUSR2 on each ListContainers is passed on 200 s late, until the runtime has been restarted; all else passes at once.
import { rmSync } from 'node:fs';
import { connect as connectHttp2, constants, createServer } from 'node:http2';
import { connect } from 'node:net';

const [listen, target] = process.argv.slice(2);
const LATE_MS = 200_000;
let isSlow = false;
rmSync(listen, { force: true });

/** A connection to the runtime; one that ends by itself while the runtime is slow is that of a runtime that was restarted. */
function upstream() {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(target) });
  session.on('error', () => undefined);
  return session;
}

function pass(client, headers, session) {
  if (client.destroyed || session.destroyed) return;
  const runtime = session.request(headers);
  // An error may be all headers, and no trailers.
  runtime.on('response', (answer, flags) => {
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    client.respond(answer, isAll ? { endStream: true } : { waitForTrailers: true });
  });
  let trailers = {};
  runtime.on('trailers', (received) => (trailers = received));
  client.on('wantTrailers', () => client.sendTrailers(trailers));
  const end = () => {
    client.close(constants.NGHTTP2_CANCEL);
    runtime.close(constants.NGHTTP2_CANCEL);
  };
  for (const stream of [client, runtime]) stream.on('error', end).on('aborted', end);
  client.pipe(runtime).pipe(client);
}

const server = createServer();
server.on('session', (session) => {
  const runtime = upstream();
  session.on('error', () => undefined);
  session.on('close', () => runtime.destroy());
  runtime.on('close', () => {
    // The kubelet's own connections end after the runtime's.
    if (!session.destroyed) isSlow = false;
    session.destroy();
  });
  session.on('stream', (client, { [constants.HTTP2_HEADER_METHOD]: method, ...headers }) => {
    client.on('error', () => undefined);
    const sent = { [constants.HTTP2_HEADER_METHOD]: method, ...headers };
    const isLate = isSlow && headers[constants.HTTP2_HEADER_PATH].endsWith('/ListContainers');
    if (!isLate) pass(client, sent, runtime);
    else setTimeout(() => pass(client, sent, runtime), LATE_MS).unref();
  });
});
server.listen(listen);
process.on('SIGUSR2', () => {
  isSlow = true;
});
