/** A relay of `relay.ts` in a thread of its own: what clients of the test do must not slow down the agents' way to Postgres. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { host, loopbackPort } = workerData as {
  readonly host: string;
  readonly loopbackPort: number;
};
const server = createServer((client) => {
  const upstream = connect(loopbackPort, '127.0.0.1');
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.pipe(other);
    socket.on('error', () => other.destroy());
    socket.on('close', () => other.destroy());
  }
});
server.listen(0, host);
await once(server, 'listening');
parentPort?.postMessage((server.address() as AddressInfo).port);
