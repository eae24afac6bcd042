import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Proxy extends AsyncDisposable {
  /** As the one given, by way of the proxy. */
  readonly url: string;
  /** From now on answers of the server do not reach the client. */
  holdAnswers(): void;
  /** Breaks every connection without a goodbye; new ones work, with answers. */
  reset(): void;
  /** Breaks every connection, and each new one until `mend`. */
  cut(): void;
  mend(): void;
}

/** A link to Postgres that can be broken. */
export async function openProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const pairs = new Map<Socket, Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    pairs.set(client, upstream);
    client.pipe(upstream);
    upstream.pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => {
      pairs.delete(client);
      upstream.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function reset(): void {
    for (const client of pairs.keys()) client.resetAndDestroy();
  }
  return {
    url: proxied.href,
    holdAnswers() {
      for (const [client, upstream] of pairs) upstream.unpipe(client);
    },
    reset,
    cut() {
      isCut = true;
      reset();
    },
    mend() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
