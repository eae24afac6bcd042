import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../harness/until.ts';
import { Link } from './link.ts';

/** Answers every chunk with `answer to ` and the chunk, or hangs up when that asks for it, and remembers what it was asked. */
let asked: string[];
let link: Link;
let parts: AsyncDisposableStack;

beforeEach(async () => {
  asked = [];
  parts = new AsyncDisposableStack();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      asked.push(String(chunk));
      if (String(chunk).endsWith('hang up')) socket.destroy();
      else socket.write(`answer to ${String(chunk)}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  parts.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  link = parts.use(await Link.open((server.address() as AddressInfo).port));
});

afterEach(() => parts.disposeAsync());

interface Client {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

async function dial(): Promise<Client> {
  const socket = connect(link.port, '127.0.0.1');
  const client = { socket, heard: '', isClosed: false };
  socket.on('data', (chunk) => {
    client.heard += String(chunk);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.isClosed = true;
  });
  await once(socket, 'connect');
  parts.defer(() => void socket.destroy());
  return client;
}

async function exchange(client: Client, text: string, signal: AbortSignal): Promise<void> {
  client.heard = '';
  client.socket.write(text);
  await until(() => client.heard === `answer to ${text}`, signal);
}

test('a whole link passes both directions, and ends with either side', async ({ signal }) => {
  const client = await dial();
  await exchange(client, 'one', signal);
  expect(link.counters).toEqual({ heldBytes: 0, resets: 0, droppedAnswers: 0 });
});

test('requests that are held arrive late when the link is mended', async ({ signal }) => {
  const client = await dial();
  await exchange(client, 'one', signal);
  link.hold(['request']);
  client.socket.write('two');
  await until(() => link.counters.heldBytes === 3, signal);
  expect(asked).toEqual(['one']);
  link.mend('arrives');
  await until(() => client.heard === 'answer to oneanswer to two', signal);
});

test('answers that are held are lost with their connections, and the request was carried out', async ({
  signal,
}) => {
  const client = await dial();
  link.hold(['answer']);
  client.socket.write('one');
  await until(() => link.counters.heldBytes > 0, signal);
  expect(asked).toEqual(['one']);
  link.mend('is lost');
  await until(() => client.isClosed, signal);
  expect(client.heard).toBe('');
  await exchange(await dial(), 'two', signal);
});

test('the end of a connection is held too', async ({ signal }) => {
  const client = await dial();
  await exchange(client, 'one', signal);
  link.hold(['request', 'answer']);
  client.socket.write('two');
  await until(() => link.counters.heldBytes === 3, signal);
  client.socket.destroy();
  expect(asked).toEqual(['one']);
  link.mend('arrives');
  await until(() => asked.length === 2, signal);
  expect(asked).toEqual(['one', 'two']);
});

test('a cut link resets what is there and what comes, until it is mended', async ({ signal }) => {
  const client = await dial();
  link.cut();
  await until(() => client.isClosed, signal);
  // It may hear of the reset before it knows that it was connected.
  await dial().catch(() => undefined);
  await until(() => link.counters.resets === 2, signal);
  link.mend('arrives');
  await exchange(await dial(), 'one', signal);
  expect(asked).toEqual(['one']);
});

test('a slow link keeps the order of what it passes', async ({ signal }) => {
  const client = await dial();
  await exchange(client, 'one', signal);
  link.delay(100);
  const fromMs = performance.now();
  await exchange(client, 'two', signal);
  // There and back; timers may fire a little early.
  expect(performance.now() - fromMs).toBeGreaterThan(190);
  client.heard = '';
  client.socket.write('three');
  await until(() => asked.includes('three'), signal);
  link.mend('arrives');
  client.socket.write('four');
  await until(() => client.heard.endsWith('four'), signal);
  expect(client.heard).toBe('answer to threeanswer to four');
});

test('answers to marked requests get lost, as many as asked for, and the requests do not', async ({
  signal,
}) => {
  link.dropAnswers('publish', 1);
  const client = await dial();
  await exchange(client, 'other', signal);
  client.heard = '';
  client.socket.write('publish this');
  await until(() => client.isClosed, signal);
  expect(client.heard).toBe('');
  expect(asked).toEqual(['other', 'publish this']);
  expect(link.counters.droppedAnswers).toBe(1);
  await exchange(await dial(), 'publish that', signal);
});

test('a connection that ends before its answer leaves the loss to the next one', async ({
  signal,
}) => {
  link.dropAnswers('publish', 1);
  const first = await dial();
  first.socket.write('publish and hang up');
  await until(() => first.isClosed, signal);
  expect(link.counters.droppedAnswers).toBe(0);
  const second = await dial();
  second.socket.write('publish this');
  await until(() => second.isClosed, signal);
  expect(link.counters.droppedAnswers).toBe(1);
});
