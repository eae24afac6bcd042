/** Counts what one program asks of Postgres: a link that reads the messages of the client on their way. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const LENGTH_BYTES = 4;

export class StatementCounter implements AsyncDisposable {
  /** As the one given, by way of the counter. */
  readonly url: string;
  /** Executions by the name of a prepared statement, or by its text where it has none. */
  readonly counts: Map<string, number> = new Map();
  readonly #parts: AsyncDisposableStack;

  private constructor(url: string, parts: AsyncDisposableStack) {
    this.url = url;
    this.#parts = parts;
  }

  static async open(url: string): Promise<StatementCounter> {
    await using parts = new AsyncDisposableStack();
    const { hostname, port } = new URL(url);
    const clients = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      clients.add(client);
      const read = messageReader((type, body) => counter.#take(type, body));
      client.on('data', read);
      client.pipe(upstream);
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.on('close', () => {
        clients.delete(client);
        upstream.destroy();
      });
    });
    parts.defer(async () => {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const counted = new URL(url);
    counted.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const counter = new StatementCounter(counted.href, parts.move());
    return counter;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }

  /** Bind (B) begins with the names of a portal and of a statement, Query (Q) is its text; both end with a zero. */
  #take(type: string, body: Buffer): void {
    if (type !== 'B' && type !== 'Q') return;
    const texts = body.toString('utf8').split('\0');
    const statement = texts[type === 'B' ? 1 : 0] ?? '';
    this.counts.set(statement, (this.counts.get(statement) ?? 0) + 1);
  }
}

/**
 * Takes the bytes that a client sends: a message without type first, then a byte of type and four of length, which counts
 * itself (PostgreSQL documentation, 54.7).
 */
function messageReader(onMessage: (type: string, body: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let typeBytes = 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < typeBytes + LENGTH_BYTES) return;
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) return;
      const type = rest.toString('latin1', 0, typeBytes);
      onMessage(type, rest.subarray(typeBytes + LENGTH_BYTES, end));
      rest = rest.subarray(end);
      typeBytes = 1;
    }
  };
}
