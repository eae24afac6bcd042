/** B-17: who may do what over REST. Keys come from a file that changes while the server runs. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCaller } from '@streamhouse/api/rest/client.ts';
import { PROBLEM } from '@streamhouse/api/rest/problem.ts';
import type { Route } from '@streamhouse/api/rest/route.ts';
import { ROUTES } from '@streamhouse/api/rest/routes.ts';
import { ApiKeys, newApiKey, SCOPES } from '@streamhouse/operator/http/identity/api-keys.ts';
import type { Scope } from '@streamhouse/operator/http/identity/principal.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { problemOf, type RestApi, startRest } from '../harness/rest.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000 });

const HMAC_KEY = randomBytes(32).toString('base64url');

let folder: string;
let keysFile: string;
let database: TestDatabase;
let metadata: OperatorMetadata;
let api: RestApi;

function makeKey(name: string, scopes: readonly Scope[], expiresAt: string | null = null) {
  return newApiKey(HMAC_KEY, { name, scopes, expiresAt });
}

const all = makeKey('all', SCOPES);
const expired = makeKey('expired', SCOPES, '2020-01-01T00:00:00Z');
const revoked = makeKey('revoked', SCOPES);
const unknown = makeKey('unknown', SCOPES);
const single = new Map(SCOPES.map((scope) => [scope, makeKey(scope, [scope])]));

async function writeKeys(keys: readonly { readonly entry: object }[]): Promise<void> {
  await writeFile(
    keysFile,
    JSON.stringify({ hmacKey: HMAC_KEY, keys: keys.map((key) => key.entry) }),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  keysFile = join(folder, 'keys.json');
  await writeKeys([all, expired, revoked, ...single.values()]);
  database = await createTestDatabase();
  metadata = await database.open();
  api = await startRest(metadata, { keysFile });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function ask(server: RestApi, headers: Record<string, string>): Promise<Response> {
  return fetch(`${server.url}/api/v1/topics`, { headers });
}

/** As a key has one. */
function secret(): string {
  return randomBytes(32).toString('base64url');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const unsigned = [{ alg: 'none' }, { sub: 'admin' }, '']
  .map((part) => Buffer.from(part === '' ? '' : JSON.stringify(part)).toString('base64url'))
  .join('.');

describe('B-17: a request', () => {
  const rows: readonly (readonly [string, Record<string, string>])[] = [
    ['without a token', {}],
    ['with an empty token', { authorization: 'Bearer ' }],
    ['with garbage', bearer('garbage')],
    ['with a token that signs nothing', bearer(unsigned)],
    ['with an expired key', bearer(expired.key)],
    ['with a key that nobody made', bearer(unknown.key)],
    ['with a secret that is wrong', bearer(`${all.key.slice(0, -4)}AAAA`)],
    [
      'with the hash instead of the secret',
      bearer(`shk_${all.entry.id}_${all.entry.hash.slice(0, 43)}`),
    ],
    ['with another scheme', { authorization: `Basic ${all.key}` }],
    ['with a token in its query', {}],
    ['with a very long token', bearer('x'.repeat(15_000))],
    ['with a cookie that is no token', { cookie: 'streamhouse-session=%ff' }],
  ];

  test('that nobody vouches for is refused, each alike', async () => {
    const bodies = new Set<string>();
    for (const [what, headers] of rows) {
      await using server = await startRest(metadata, { keysFile });
      const path = what.includes('query') ? `?token=${all.key}` : '';
      const response = await fetch(`${server.url}/api/v1/topics${path}`, { headers });
      expect([what, response.status]).toEqual([what, 401]);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const problem = PROBLEM.parse(await response.json());
      bodies.add(JSON.stringify({ ...problem, requestId: '' }));
      const line = server.lines.find(({ audit }) => audit !== undefined);
      expect(line?.audit).toMatchObject({ status: 401, reason: 'UNAUTHENTICATED' });
      expect(JSON.stringify(server.lines)).not.toContain(all.key.slice(20));
    }
    expect(bodies.size).toBe(1);
  });

  test('with one of 10,000 wrong keys is refused alike, and soon told to wait; a right key is taken all the same', async () => {
    await using server = await startRest(metadata, { keysFile });
    const answers = new Map<string, number>();
    const wrong = Array.from({ length: 10_000 }, (_, index) =>
      index % 2 === 0 ? makeKey('wrong', SCOPES).key : `${all.key.slice(0, -43)}${secret()}`,
    );
    const guess = async (): Promise<void> => {
      for (let key = wrong.pop(); key !== undefined; key = wrong.pop()) {
        const response = await ask(server, bearer(key));
        const { status, reason, detail } = PROBLEM.parse(await response.json());
        const answer = `${status} ${reason}: ${detail}`;
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, guess));
    expect([...answers.values()].toSorted((a, b) => a - b)).toEqual([20, 9_980]);
    expect([...answers.keys()].map((answer) => answer.slice(0, 3)).toSorted()).toEqual([
      ...['401', '429'],
    ]);
    expect(server.lines.filter(({ audit }) => audit?.['status'] === 401)).toHaveLength(20);
    expect((await ask(server, bearer(unknown.key))).headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await ask(server, bearer(all.key))).status).toBe(200);
  });

  test('is refused in the same time, however much of its token is right', async () => {
    await using server = await startRest(metadata, { keysFile, trustedProxies: 1 });
    const tokens = {
      wrongSecret: `${all.key.slice(0, -43)}${secret()}`,
      unknownId: unknown.key,
      garbage: 'garbage',
    };
    const times: Record<keyof typeof tokens, number[]> = {
      ...{ wrongSecret: [], unknownId: [], garbage: [] },
    };
    const kinds = Object.keys(tokens) as (keyof typeof tokens)[];
    // In turn, so that whatever else the machine does meets all of them alike. From as many addresses: none has to wait.
    for (let round = 0; round < 300; round++) {
      for (const kind of kinds) {
        const headers = {
          ...bearer(tokens[kind]),
          'x-forwarded-for': `10.0.${round >> 8}.${round & 255}`,
        };
        const startMs = performance.now();
        const response = await ask(server, headers);
        await response.arrayBuffer();
        times[kind].push(performance.now() - startMs);
        expect(response.status).toBe(401);
      }
    }
    const [wrongSecret = 0, ...others] = kinds.map((kind) => median(times[kind]));
    for (const other of others) {
      expect(wrongSecret / other).toBeGreaterThan(0.8);
      expect(wrongSecret / other).toBeLessThan(1.25);
    }
  });

  test('with a key that was taken out of the file is refused, and a file that is broken changes nothing', async () => {
    await using server = await startRest(metadata, { keysFile });
    expect((await ask(server, bearer(revoked.key))).status).toBe(200);
    await writeFile(keysFile, '{"hmacKey":');
    await until(
      () => server.lines.some(({ msg }) => msg.includes('stay as they were')),
      AbortSignal.timeout(20_000),
    );
    expect((await ask(server, bearer(revoked.key))).status).toBe(200);
    await writeKeys([all, expired, ...single.values()]);
    const isRefused = async (): Promise<boolean> =>
      (await ask(server, bearer(revoked.key))).status === 401;
    await until(isRefused, AbortSignal.timeout(20_000));
    expect((await ask(server, bearer(all.key))).status).toBe(200);
  });
});

/** Valid input of every operation that needs some. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /api/v1/topics': { name: 'matrix', partitions: 1 },
  'PATCH /api/v1/topics/{name}': { partitions: 2 },
  'POST /api/v1/produce': { topic: 'none', value: 'v' },
  'POST /api/v1/produce/batch': { topic: 'none', records: [{ value: 'v' }] },
  'POST /api/v1/consumer-groups/{id}/reset-offsets': { topic: 'none', to: 'earliest' },
  'POST /api/v1/session': { token: 'x' },
};

async function statusOf(server: RestApi, key: string, token: string): Promise<number> {
  const [method = '', template = ''] = key.split(' ');
  const query = /\/(consume|search)$/.test(template) ? '?topic=none&partition=0' : '';
  const path = template.replaceAll(/\{\w+\}/g, '0');
  const body = BODIES[key];
  const response = await fetch(`${server.url}${path}${query}`, {
    method,
    headers: { ...bearer(token), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.body?.cancel();
  return response.status;
}

describe('the matrix of scopes and operations', () => {
  test.each(SCOPES)('%s opens what it names and nothing else', async (scope) => {
    const token = single.get(scope)?.key ?? '';
    for (const [key, { access }] of Object.entries<Route>(ROUTES as Record<string, Route>)) {
      const status = await statusOf(api, key, token);
      const needed =
        typeof access === 'object' && `${access.noun}:${access.verb === 'read' ? 'read' : 'write'}`;
      const isRefused = needed !== false && needed !== scope;
      expect([key, status === 403]).toEqual([key, isRefused]);
    }
  });

  test('a server that is read-only takes no mutation from anybody', async () => {
    await using server = await startRest(metadata, { keysFile, isReadOnly: true });
    for (const [key, { isMutation }] of Object.entries<Route>(ROUTES as Record<string, Route>)) {
      const status = await statusOf(server, key, all.key);
      expect([key, status === 403]).toEqual([key, isMutation === true]);
    }
  });
});

describe('a browser', () => {
  test('is let in by a cookie, with which another site can do nothing', async () => {
    const call = createCaller({ baseUrl: api.url });
    const session = await call('POST /api/v1/session', { body: { token: all.key } });
    expect(session.data).toMatchObject({ kind: 'apiKey', name: 'all', isReadOnly: false });
    const set = session.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
    const cookie = set.split(';', 1)[0]!;
    expect((await call('GET /api/v1/session', { headers: { cookie } })).data.name).toBe('all');
    const body = { name: 'by-cookie', partitions: 1 };
    const foreign = { cookie, origin: 'https://evil.example' };
    const refused = await problemOf(call('POST /api/v1/topics', { body, headers: foreign }));
    expect(refused).toMatchObject({ status: 403, reason: 'FOREIGN_ORIGIN' });
    const own = { cookie, origin: api.url };
    expect((await call('POST /api/v1/topics', { body, headers: own })).status).toBe(201);
    const token = { ...bearer(all.key), origin: 'https://evil.example' };
    const other = { body: { name: 'by-token', partitions: 1 }, headers: token };
    expect((await call('POST /api/v1/topics', other)).status).toBe(201);
    const gone = await call('DELETE /api/v1/session', { headers: own });
    expect([gone.status, gone.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
  });

  test('with a wrong token gets no cookie', async () => {
    const response = await fetch(`${api.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: unknown.key }),
    });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([401, null]);
  });
});

test('each mutation and each read of records leaves a line that says who, what and with which outcome', async () => {
  await using server = await startRest(metadata, { keysFile });
  const call = createCaller({ baseUrl: server.url, headers: bearer(all.key) });
  await call('POST /api/v1/topics', {
    query: { dryRun: true },
    body: { name: 'told', partitions: 1 },
  });
  await problemOf(call('DELETE /api/v1/topics/{name}', { path: { name: 'told' } }));
  const secret = { topic: 'none', key: 'secret-key', value: 'secret-value' };
  await problemOf(call('POST /api/v1/produce', { body: secret }));
  await problemOf(call('GET /api/v1/consume', { query: { topic: 'none', partition: 0 } }));
  await call('GET /api/v1/topics', {});
  const principal = {
    principal: `key:${all.entry.id}`,
    principalName: 'all',
    address: '127.0.0.1',
  };
  expect(server.lines.flatMap(({ audit }) => audit ?? [])).toMatchObject([
    { ...principal, operation: 'POST /api/v1/topics', name: 'told', isDryRun: true, status: 200 },
    {
      ...principal,
      operation: 'DELETE /api/v1/topics/{name}',
      name: 'told',
      status: 404,
      reason: 'TOPIC_NOT_FOUND',
    },
    { ...principal, operation: 'POST /api/v1/produce', name: 'none', status: 404 },
    { ...principal, operation: 'GET /api/v1/consume', name: 'none', status: 404 },
  ]);
  expect(JSON.stringify(server.lines)).not.toContain('secret-');
});

test('a file of keys that cannot be used is refused without showing it', () => {
  const entry = { ...all.entry, hash: 'not-a-hash' };
  const files = ['', '{}', JSON.stringify({ hmacKey: HMAC_KEY, keys: [entry] })];
  files.push(JSON.stringify({ hmacKey: HMAC_KEY, keys: [all.entry, all.entry] }));
  for (const text of files) {
    expect(() => new ApiKeys(text)).toThrow(
      /^the file of API keys cannot be used: (?!.*not-a-hash)/,
    );
  }
});
