// cri-proxy.mjs LISTEN TARGET: a byte proxy between a kubelet and its container runtime, both unix sockets.
// SIGUSR2 freezes the connections that exist at that moment (no byte passes, nothing is closed); new ones pass.
// So the runtime is well and the kubelet is stuck until it is restarted.
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [listen, target] = process.argv.slice(2);
const pairs = new Set();
rmSync(listen, { force: true });
createServer((client) => {
  const runtime = connect(target);
  const pair = [client, runtime];
  pairs.add(pair);
  const end = () => {
    pairs.delete(pair);
    client.destroy();
    runtime.destroy();
  };
  for (const socket of pair) socket.on('error', end).on('close', end);
  client.pipe(runtime).pipe(client);
}).listen(listen);
process.on('SIGUSR2', () => {
  for (const [client, runtime] of pairs) {
    client.unpipe(runtime);
    runtime.unpipe(client);
    client.pause();
    runtime.pause();
  }
  pairs.clear();
});
