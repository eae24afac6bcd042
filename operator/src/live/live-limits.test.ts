/** B-13: what a socket may not do, and what it is told. */
import { once } from 'node:events';
import { LIVE_PATH, MONITORING_PATH } from '@streamhouse/api/live.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type ClientOptions, WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ApiSettings } from '../http/api.ts';
import {
  ALL_READS,
  bearer,
  type Client,
  type LiveRig,
  metricsOf,
  startLive,
  upgradeRequest,
} from './live.test-support.ts';

const COOKIE = 'streamhouse-session';

let rig: LiveRig;

beforeEach(async () => {
  rig = await startLive();
});

afterEach(() => rig[Symbol.asyncDispose]());

async function opened(key = rig.key(ALL_READS), path = LIVE_PATH): Promise<Client> {
  const client = rig.open(path, bearer(key));
  await rig.clock.until(() => client.frames.length > 0);
  return client;
}

async function codeOf(client: Client): Promise<number | undefined> {
  await rig.clock.until(() => client.code !== undefined);
  return client.code;
}

describe('B-13: before the upgrade', () => {
  type Row = readonly [
    what: string,
    status: number,
    ask: (key: string) => {
      path?: string;
      options?: ClientOptions;
      settings?: Partial<ApiSettings>;
    },
  ];
  const cookie = (key: string): Record<string, string> => ({ cookie: `${COOKIE}=${key}` });
  const rows: readonly Row[] = [
    ['no token', 401, () => ({})],
    ['a wrong token', 401, () => ({ options: bearer('shk_garbage') })],
    ['a token in the query', 403, (key) => ({ path: `${LIVE_PATH}?token=${key}` })],
    [
      'a token in the query beside the one in the header',
      403,
      (key) => ({ path: `${LIVE_PATH}?access_token=${key}`, options: bearer(key) }),
    ],
    ['a ticket that was never given', 401, () => ({ path: `${LIVE_PATH}?ticket=AAAA` })],
    [
      'a foreign Origin with a cookie',
      403,
      (key) => ({ options: { headers: { ...cookie(key), origin: 'https://evil.example' } } }),
    ],
    [
      'a page of another site that says so',
      403,
      (key) => ({ options: { headers: { ...cookie(key), 'sec-fetch-site': 'cross-site' } } }),
    ],
    [
      'a foreign Origin at a server without keys',
      403,
      () => ({
        settings: { isLoopback: true },
        options: { headers: { origin: 'https://evil.example' } },
      }),
    ],
    [
      'a foreign Origin with a made-up ticket at a server without keys',
      401,
      () => ({
        settings: { isLoopback: true },
        path: `${LIVE_PATH}?ticket=AAAA`,
        options: { headers: { origin: 'https://evil.example' } },
      }),
    ],
    [
      'another name that leads to a server without keys',
      403,
      () => ({ settings: { isLoopback: true }, options: { headers: { host: 'evil.example' } } }),
    ],
    ['a path without a socket', 404, (key) => ({ path: '/api/v1/topics', options: bearer(key) })],
    [
      'a path outside of the base',
      404,
      (key) => ({ settings: { basePath: '/streamhouse' }, options: bearer(key) }),
    ],
  ];

  test.each(rows)('%s is answered %i', async (_, status, ask) => {
    const { settings } = ask('');
    await using own = await startLive(settings);
    const { path = LIVE_PATH, options } = ask(own.key(ALL_READS));
    expect(await own.open(path, options).ended).toBe(status);
  });

  test.each([
    ['a cookie from a page of this origin', (key: string) => ({ ...cookie(key), origin: 'OWN' })],
    ['a cookie without an origin', (key: string) => cookie(key)],
    [
      'a header, whatever the origin',
      (key: string) => ({ ...bearer(key).headers, origin: 'https://elsewhere.example' }),
    ],
    [
      'a cookie from a page that is allowed',
      (key: string) => ({ ...cookie(key), origin: 'https://console.example' }),
    ],
  ])('%s is let in', async (_, headersOf) => {
    await using own = await startLive({ allowedOrigins: ['https://console.example'] });
    const headers = Object.entries(headersOf(own.key(ALL_READS))).map(([name, value]) => [
      name,
      value === 'OWN' ? `http://127.0.0.1:${own.port}` : value,
    ]);
    const client = own.open(LIVE_PATH, {
      headers: Object.fromEntries(headers) as Record<string, string>,
    });
    await own.clock.until(() => client.frames.length > 0);
    expect(client.code).toBeUndefined();
  });

  test('a ticket stands for who asked for it, and not for longer than they may', async () => {
    rig.tickets.set('a-ticket', { authorization: `Bearer ${rig.key(ALL_READS)}` });
    const client = rig.open(`${LIVE_PATH}?ticket=a-ticket`);
    await rig.clock.until(() => client.frames.length > 0);
    expect(await rig.open(`${LIVE_PATH}?ticket=a-ticket`).ended).toBe(401);
    rig.revokeAll();
    await rig.clock.pass(62_000);
    expect(await codeOf(client)).toBe(4401);
  });

  test('nobody tries many tickets', async () => {
    for (let tries = 0; tries < 20; tries++)
      expect(await rig.open(`${LIVE_PATH}?ticket=guess-${tries}`).ended).toBe(401);
    rig.tickets.set('a-ticket', { authorization: `Bearer ${rig.key(ALL_READS)}` });
    expect(await rig.open(`${LIVE_PATH}?ticket=a-ticket`).ended).toBe(429);
    expect(rig.tickets.has('a-ticket')).toBe(true);
  });

  test('more sockets than there is room for are refused, and let in when others leave', async () => {
    const key = rig.key(ALL_READS);
    const all: Client[] = [];
    while (all.length < LIMITS.liveClientsMax) {
      const some = Array.from({ length: 100 }, () => rig.open(MONITORING_PATH, bearer(key)));
      await Promise.all(some.map(({ socket }) => once(socket, 'open')));
      all.push(...some);
    }
    expect(await rig.open(MONITORING_PATH, bearer(key)).ended).toBe(429);
    all[0]!.socket.close();
    await all[0]!.ended;
    await opened(key);
  }, 60_000);
});

describe('B-13: a socket', () => {
  test('in fragments of one byte is closed with 1008', async () => {
    const client = await opened();
    for (let sent = 0; sent < 200; sent++) client.socket.send('x', { fin: false });
    expect(await codeOf(client)).toBe(1008);
  });

  test('with a frame of 100 MiB is closed with 1009 before its bytes come', async () => {
    const socket = await rig.raw();
    socket.write(upgradeRequest(rig.key(ALL_READS)));
    const received: Buffer[] = [];
    socket.on('data', (bytes) => received.push(bytes));
    await rig.clock.until(() => Buffer.concat(received).includes('"snapshot"'));
    const before = Buffer.concat(received).length;
    // FIN and text; masked, with a length of 8 bytes.
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x06, 0x40, 0, 0, 0, 0, 0, 0]);
    socket.write(header);
    await rig.clock.until(() => Buffer.concat(received).length > before);
    const close = Buffer.concat(received).subarray(before);
    expect(close[0]).toBe(0x88);
    expect(close.readUInt16BE(2)).toBe(1009);
    socket.destroy();
  });

  test('that pings without end is closed with 1008, and read no further', async () => {
    const client = await opened();
    let pongs = 0;
    client.socket.on('pong', () => (pongs += 1));
    for (let sent = 0; sent < 10_000; sent++) client.socket.ping();
    expect(await codeOf(client)).toBe(1008);
    expect(pongs).toBeLessThanOrEqual(LIMITS.liveMessagesPerMinuteMax);
  });

  test('that asks for another interval without end is closed with 1008', async () => {
    const client = await opened();
    for (let sent = 0; sent < 1_000; sent++) client.socket.send('{"intervalMs":2000}');
    expect(await codeOf(client)).toBe(1008);
  });

  test('that never reads is closed with 1013, and costs no more than its bound and one frame', async () => {
    const closes = vi.spyOn(WebSocket.prototype, 'close');
    onTestFinished(() => closes.mockRestore());
    const stats = { partitions: 1, totalMessages: 0, totalBytes: 0 };
    const topic = { name: 'x'.repeat(500_000), ...stats, produceRate: null, fetchRate: null };
    const client = await opened(undefined, MONITORING_PATH);
    const reader = await opened(undefined, MONITORING_PATH);
    rig.cluster.metrics = metricsOf({ topicStats: [topic] });
    client.socket.pause();
    for (let frames = 0; closes.mock.calls.length === 0; frames++) {
      expect(frames).toBeLessThan(500);
      await rig.clock.pass(2_000);
    }
    expect(closes.mock.calls[0]?.[0]).toBe(1013);
    const { bufferedAmount } = closes.mock.contexts[0] as WebSocket;
    expect(bufferedAmount).toBeGreaterThan(LIMITS.liveBufferedBytesMax);
    expect(bufferedAmount).toBeLessThan(LIMITS.liveBufferedBytesMax + 600_000);
    client.socket.resume();
    expect(await client.ended).toBe(1013);
    expect(reader.code).toBeUndefined();
  });

  test.each([
    ['what is no JSON', 'hello'],
    ['an interval that is too short', '{"intervalMs":10}'],
    ['an interval that is too long', '{"intervalMs":60001}'],
    ['a field that nobody knows', '{"intervalMs":2000,"token":"x"}'],
    ['bytes', Buffer.from('{"intervalMs":2000}')],
    ['JSON that is deep', '['.repeat(60_000)],
  ])('that says %s is closed with 1008', async (_, said) => {
    const client = await opened();
    client.socket.send(said);
    expect(await codeOf(client)).toBe(1008);
  });

  test('whose token expires is closed with 4401 within a minute', async () => {
    const until = new Date(rig.clock.wallMs() + 90_000).toISOString();
    const client = await opened(rig.key(ALL_READS, until));
    await rig.clock.pass(64_000);
    expect(client.code).toBeUndefined();
    await rig.clock.pass(64_000);
    expect(await codeOf(client)).toBe(4401);
  });

  test('whose token is taken back is closed with 4401 within a minute', async () => {
    const client = await opened();
    rig.revokeAll();
    await rig.clock.pass(64_000);
    expect(await codeOf(client)).toBe(4401);
  });

  test('that shows no sign of life is given up', async () => {
    const alive = await opened();
    const dead = await rig.raw();
    dead.write(upgradeRequest(rig.key(ALL_READS)));
    // Reads all, and answers no ping.
    dead.resume();
    const gone = once(dead, 'close');
    await rig.clock.until(() => dead.bytesRead > 500);
    await rig.clock.pass(50_000);
    expect(dead.closed).toBe(false);
    await rig.clock.pass(14_000);
    await gone;
    expect(alive.code).toBeUndefined();
  });
});
