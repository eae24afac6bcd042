/** The edge of the REST API: what it takes for a request at all, from whom, and what a browser's page may do. */
import { once } from 'node:events';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { PROBLEM } from '@streamhouse/api/rest/problem.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { startApiServer } from '@streamhouse/operator/http/api-server.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RestApi, startRest } from '../harness/rest.ts';

vi.setConfig({ testTimeout: 60_000 });

const MIB = 1_048_576;

let database: TestDatabase;
let metadata: OperatorMetadata;
let api: RestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  api = await startRest(metadata, { allowedOrigins: ['https://console.example'] });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** What a POST of a topic is answered with, and that it is a problem if it is refused. */
async function post(
  body: string | Uint8Array | ReadableStream,
  headers: Record<string, string> = {},
): Promise<{ status: number; reason: string | undefined }> {
  const response = await fetch(`${api.url}/api/v1/topics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    ...{ duplex: 'half' },
  });
  if (response.ok) return { status: response.status, reason: undefined };
  const { reason, status } = PROBLEM.parse(await response.json());
  expect(status).toBe(response.status);
  return { status, reason };
}

describe('B-11: a body', () => {
  const nested = `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
  const countless = `{"config":{${Array.from({ length: 1_001 }, (_, key) => `"k${key}":"v"`).join()}}}`;
  const rows: readonly (readonly [
    string,
    string | Uint8Array,
    Record<string, string>,
    number,
    string,
  ])[] = [
    ['10,000 levels deep', nested, {}, 400, 'JSON_REFUSED'],
    [
      'with a prototype',
      '{"__proto__":{"polluted":1},"name":"a","partitions":1}',
      {},
      400,
      'JSON_REFUSED',
    ],
    ['with an escaped prototype', String.raw`{"\u005f_proto__":{}}`, {}, 400, 'JSON_REFUSED'],
    ['with a key twice', '{"name":"a","name":"b","partitions":1}', {}, 400, 'JSON_REFUSED'],
    [
      'with a key twice, once escaped',
      String.raw`{"name":"a","n\u0061me":"b"}`,
      {},
      400,
      'JSON_REFUSED',
    ],
    ['with countless keys', countless, {}, 400, 'JSON_REFUSED'],
    ['that is no JSON', '{"name":', {}, 400, 'INVALID_JSON'],
    ['that is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), {}, 400, 'INVALID_JSON'],
    ['that is no object', '[]', {}, 400, 'INVALID_REQUEST'],
    ['that is empty', '', {}, 400, 'INVALID_JSON'],
    ['of another type', '{}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'of another charset',
      '{}',
      { 'content-type': 'application/json; charset=utf-16' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'that is a gzip bomb',
      gzipSync(Buffer.alloc(8 * MIB)),
      { 'content-encoding': 'gzip' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['past its bound', `{"name":"${'a'.repeat(MIB)}"}`, {}, 413, 'BODY_TOO_LARGE'],
  ];
  test.each(rows)('%s is refused', async (_, body, headers, status, reason) => {
    expect(await post(body, headers)).toEqual({ status, reason });
    expect({}).not.toHaveProperty('polluted');
  });

  test('of 100 MiB is refused while it comes, and none of it is kept', async () => {
    const before = process.memoryUsage().rss;
    const chunk = Buffer.alloc(65_536, 0x20);
    let left = 1_600;
    const endless = new ReadableStream({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    expect(await post(endless)).toEqual({ status: 413, reason: 'BODY_TOO_LARGE' });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  });

  test.each([
    'a[]=1',
    'limit=1000000000',
    'limit=1&limit=2',
    'limit=',
    'limit=01',
    'limit=1e2',
    'limit=-1',
    '__proto__=1',
    'sort=size',
    'cursor=',
  ])('a query with %s is refused, naming the parameter', async (query) => {
    const response = await fetch(`${api.url}/api/v1/topics?${query}`);
    const problem = PROBLEM.parse(await response.json());
    expect(problem).toMatchObject({ status: 400, reason: 'INVALID_REQUEST' });
    expect(problem.errors[0]?.path).toMatch(/^query/);
  });

  test('SQL is text like any other', async () => {
    const q = "' OR 1=1; DROP TABLE topics; --";
    const { data } = await api.call('GET /api/v1/topics', { query: { q } });
    expect(data).toEqual([]);
  });

  test('other methods and paths are refused, naming those that there are', async () => {
    const put = await fetch(`${api.url}/api/v1/topics`, { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect((await fetch(`${api.url}/api/v2/topics`)).status).toBe(404);
    expect((await fetch(`${api.url}/api/v1/topics/%E0%A4%A`)).status).toBe(400);
  });
});

describe('B-12: a connection', () => {
  async function open(head: string): Promise<Socket> {
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(head);
    return socket;
  }

  const host = 'host: localhost\r\n';
  const smuggled = `POST /api/v1/topics HTTP/1.1\r\n${host}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
  const rows = [
    ['with both lengths', smuggled, 400],
    [
      'with two lengths',
      `POST /health HTTP/1.1\r\n${host}content-length: 1\r\ncontent-length: 2\r\n\r\n`,
      400,
    ],
    [
      'with 100,000 headers',
      `GET /health HTTP/1.1\r\n${host}${'a: b\r\n'.repeat(100_000)}\r\n`,
      431,
    ],
    ['with a header that is no text', `GET /health HTTP/1.1\r\n${host}a: \0\r\n\r\n`, 400],
    ['without a host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400],
  ] as const;
  test.each(rows)('%s is refused', async (_, head, status) => {
    const socket = await open(head);
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('that is too slow is told so and closed, whatever it has sent until then', async () => {
    const slow = [
      [LIMITS.apiHeadersMsMax, `GET /health HTTP/1.1\r\n${host}a: b`],
      [LIMITS.apiHeadersMsMax, ''],
      [
        LIMITS.apiRequestMsMax,
        `POST /api/v1/topics HTTP/1.1\r\n${host}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
      ],
    ] as const;
    await Promise.all(
      slow.map(async ([afterMs, head]) => {
        const startMs = performance.now();
        const socket = await open(head);
        const answer = await text(socket);
        const tookMs = performance.now() - startMs;
        if (head !== '') expect(answer).toMatch(/^HTTP\/1.1 408 /);
        expect(tookMs).toBeGreaterThan(afterMs - 100);
        expect(tookMs).toBeLessThan(afterMs + 5_000);
      }),
    );
  });

  test('C-150: 1,000 idle ones do not keep others from being answered', async () => {
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => open('')));
    expect((await api.call('GET /health', {})).data).toEqual({ status: 'ok' });
    for (const socket of sockets) socket.destroy();
  });

  test('is not cut while its request is answered, when the server ends, but only for so long', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const drain = { clock: systemClock, ms: 500 };
    const place = { host: '127.0.0.1', port: 0, drain };
    const server = await startApiServer((_, response) => asked.resolve(response), place);
    const answer = fetch(server.url);
    const response = await asked.promise;
    const ended = server[Symbol.asyncDispose]();
    response.end('late');
    expect(await (await answer).text()).toBe('late');
    await ended;
    const stuck = await startApiServer(() => undefined, place);
    const never = fetch(stuck.url);
    await Promise.all([expect(never).rejects.toThrow(), stuck[Symbol.asyncDispose]()]);
  });

  test('a port that is taken is named', async () => {
    const taken = { host: '127.0.0.1', port: api.port };
    await expect(startApiServer(() => undefined, taken)).rejects.toMatchObject({
      ...{ kind: 'unavailable', reason: 'LISTEN' },
      message: expect.stringContaining(String(api.port)) as string,
    });
  });
});

describe("a browser's page", () => {
  /** As Node's fetch cannot send it. */
  async function send(
    method: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; headers: object }> {
    const body = JSON.stringify({ name: 'from-a-page', partitions: 1 });
    const request = httpRequest(`${api.url}/api/v1/topics?dryRun=true`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.end(method === 'POST' ? body : undefined);
    const [response] = await once(request, 'response');
    await text(response);
    return { status: response.statusCode, headers: response.headers };
  }

  test.each([
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['of a sibling', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }, 403],
    ['of an old browser', { origin: 'https://evil.example' }, 403],
    ['without an origin that it shows', { origin: 'null' }, 403],
    ['by another name of this machine', { host: 'evil.example' }, 403],
    ['of its own', { 'sec-fetch-site': 'same-origin' }, 200],
    ['of the list', { 'sec-fetch-site': 'cross-site', origin: 'https://console.example' }, 200],
    ['that is none', {}, 200],
  ] as const)('%s may or may not change anything', async (_, headers, status) => {
    expect((await send('POST', headers)).status).toBe(status);
  });

  test('C-163: of the list is let in by CORS, and no other', async () => {
    const ask = { 'access-control-request-method': 'POST' };
    const listed = await send('OPTIONS', { ...ask, origin: 'https://console.example' });
    expect(listed).toMatchObject({
      ...{ status: 204, headers: { 'access-control-allow-origin': 'https://console.example' } },
    });
    const other = await send('OPTIONS', { ...ask, origin: 'https://evil.example' });
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

test('who asks too often is told when to come again', async () => {
  await using strict = await startRest(metadata, { requestsPerMinute: 5 });
  const statuses: number[] = [];
  for (let count = 0; count < 7; count++)
    statuses.push((await fetch(`${strict.url}/api/v1/topics`)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const refused = await fetch(`${strict.url}/api/v1/topics`);
  expect(PROBLEM.parse(await refused.json())).toMatchObject({
    reason: 'RATE_LIMITED',
    retryable: true,
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('it is not ready while Postgres cannot be used, and says why', async () => {
  await using broken = await startRest(
    await database.open({ url: 'postgres://nobody@127.0.0.1:1/none' }),
  );
  expect((await fetch(`${broken.url}/live`)).status).toBe(200);
  const ready = await fetch(`${broken.url}/ready`);
  const problem = PROBLEM.parse(await ready.json());
  expect(problem).toMatchObject({ status: 503, retryable: true });
  expect(problem.detail).toContain('127.0.0.1:1');
});
