import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** Lets those who reach this machine at `host` reach a port of its loopback. */
export async function openRelay(host: string, loopbackPort: number): Promise<Relay> {
  const open = new Set<{ destroy(): void }>();
  const server = createServer((client) => {
    const upstream = connect(loopbackPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
