import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ApiServer, startApiServer } from '@streamhouse/operator/http/api-server.ts';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.ts';
import {
  ALWAYS,
  LEASES,
  manifest,
  pool,
  type TestResources,
  TOPICS,
  testResources,
  topic,
} from './resources.test-support.ts';

const BASE = '/apis/streamhouse.io/v1alpha1';
const SHOP = `${BASE}/namespaces/shop`;
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

interface Edge extends AsyncDisposable {
  readonly resources: TestResources;
  readonly server: ApiServer;
  readonly call: (method: string, path: string, body?: unknown, type?: string) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Headers;
}

async function edge(): Promise<Edge> {
  await using parts = new AsyncDisposableStack();
  const resources = parts.use(await testResources());
  const server = parts.use(await startApiServer(resources.handler, { host: '127.0.0.1', port: 0 }));
  const owned = parts.move();
  return {
    resources,
    server,
    call: async (method, path, body, type = 'application/json') => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'content-type': type, 'user-agent': 'test/1' },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const answer = (await response.json()) as JsonObject;
      return { status: response.status, body: answer, headers: response.headers };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('the HTTP edge', () => {
  it('makes, shows, lists, changes and deletes a topic', async () => {
    await using server = await edge();
    const { call } = server;
    const made = await call('POST', `${SHOP}/topics`, topic('orders', { partitions: 2 }));
    expect(made).toMatchObject({ status: 201, body: { kind: 'Topic', spec: { partitions: 2 } } });
    expect(await call('GET', `${SHOP}/topics/orders`)).toMatchObject({
      status: 200,
      body: made.body,
    });
    const list = { status: 200, body: { kind: 'TopicList', items: [made.body] } };
    expect(await call('GET', `${SHOP}/topics`)).toMatchObject(list);
    expect(await call('GET', `${BASE}/topics`)).toMatchObject(list);
    expect((await call('GET', `${BASE}/namespaces/depot/topics`)).body).toMatchObject({
      apiVersion: 'streamhouse.io/v1alpha1',
      metadata: { resourceVersion: '2' },
      items: [],
    });
    const put = { ...made.body, spec: { partitions: 3 } };
    expect(await call('PUT', `${SHOP}/topics/orders`, put)).toMatchObject({ status: 200 });
    expect(await call('PUT', `${SHOP}/topics/orders`, put)).toMatchObject({
      status: 409,
      body: { kind: 'Status', status: 'Failure', reason: 'Conflict', code: 409 },
    });
    const patch = { status: { partitions: 3 } };
    expect(await call('PATCH', `${SHOP}/topics/orders/status`, patch, MERGE)).toMatchObject({
      status: 200,
      body: { spec: { partitions: 3 }, status: { partitions: 3 } },
    });
    const uid = (made.body['metadata'] as JsonObject)['uid'];
    const other = { preconditions: { uid: 'other' } };
    expect(await call('DELETE', `${SHOP}/topics/orders`, other)).toMatchObject({ status: 409 });
    expect(await call('DELETE', `${SHOP}/topics/orders`)).toMatchObject({
      status: 200,
      body: { kind: 'Status', status: 'Success', details: { name: 'orders', uid } },
    });
    expect(await call('GET', `${SHOP}/topics/orders`)).toMatchObject({
      status: 404,
      body: { reason: 'NotFound', message: 'topics.streamhouse.io "orders" not found' },
    });
    expect(await call('DELETE', `${SHOP}/topics/orders`)).toMatchObject({ status: 404 });
  });

  it('applies with 201 for what is new, and names conflicts', async () => {
    await using server = await edge();
    const { call } = server;
    const path = `${SHOP}/agentpools/main`;
    const apply = (query: string, replicas: number): Promise<Answer> =>
      call('PATCH', `${path}${query}`, pool('main', { replicas }), APPLY);
    expect(await apply('?fieldManager=me', 3)).toMatchObject({ status: 201 });
    expect(await apply('?fieldManager=me', 3)).toMatchObject({ status: 200 });
    expect(await apply('', 3)).toMatchObject({ status: 400 });
    const scale = { spec: { replicas: 5 } };
    expect(await call('PATCH', `${path}/scale`, scale, MERGE)).toMatchObject({
      status: 200,
      body: { kind: 'Scale', spec: { replicas: 5 } },
    });
    expect(await call('GET', `${path}/scale`)).toMatchObject({ body: { spec: { replicas: 5 } } });
    expect(await apply('?fieldManager=me', 3)).toMatchObject({
      status: 409,
      body: {
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "test"',
              field: '.spec.replicas',
            },
          ],
        },
      },
    });
    expect(await apply('?fieldManager=me&force=true', 3)).toMatchObject({
      status: 200,
      body: { spec: { replicas: 3 } },
    });
  });

  it('says of an invalid resource which fields are wrong', async () => {
    await using server = await edge();
    const answer = await server.call('POST', `${SHOP}/topics`, topic('orders', { partitions: 0 }));
    expect(answer).toMatchObject({
      status: 422,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        reason: 'Invalid',
        details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec.partitions' }] },
      },
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
  });

  it('gives long lists in pages', async () => {
    await using server = await edge();
    for (const name of ['a', 'b', 'c'])
      await server.resources.api.create(TOPICS, topic(name), ALWAYS);
    const first = await server.call('GET', `${SHOP}/topics?limit=2`);
    const token = (first.body['metadata'] as JsonObject)['continue'];
    expect(first.body['items']).toHaveLength(2);
    const second = await server.call('GET', `${SHOP}/topics?limit=2&continue=${String(token)}`);
    expect(second.body).toMatchObject({ items: [{ metadata: { name: 'c' } }] });
    expect(second.body['metadata']).not.toHaveProperty('continue');
  });

  it('streams a watch, tells in it what went wrong, and lets go of one whose reader left', async () => {
    await using server = await edge();
    const { api, clock } = server.resources;
    const leave = new AbortController();
    const response = await fetch(
      `${server.server.url}${BASE}/topics?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db`,
      { signal: leave.signal },
    );
    const lines = createInterface({ input: Readable.fromWeb(response.body!) });
    const events = lines[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse((await events.next()).value as string);
    await api.create(TOPICS, topic('other'), ALWAYS);
    await api.create(TOPICS, topic('orders', {}, { labels: { a: 'b' } }), ALWAYS);
    expect(await next()).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name: 'orders', resourceVersion: '3' } },
    });
    clock.advance(60_000);
    expect(await next()).toEqual({
      type: 'BOOKMARK',
      object: {
        apiVersion: 'streamhouse.io/v1alpha1',
        kind: 'Topic',
        metadata: { resourceVersion: '3' },
      },
    });
    const expired = await fetch(`${server.server.url}${BASE}/topics?watch=true&resourceVersion=99`);
    expect(JSON.parse(await expired.text())).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 504 },
    });
    expect(clock.pending).toBeGreaterThan(0);
    lines.on('error', () => undefined);
    leave.abort();
    while (clock.pending > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/apis/streamhouse.io/v1alpha1', 404],
    ['GET', '/apis/streamhouse.io/v1/topics', 404],
    ['GET', `${BASE}/topics/orders`, 404],
    ['GET', `${SHOP}/topics/%zz`, 404],
    ['GET', `${SHOP}/topics/orders/nope`, 404],
    ['POST', `${BASE}/topics`, 405],
    ['HEAD', `${SHOP}/topics`, 405],
    ['DELETE', `${SHOP}/topics`, 405],
    ['DELETE', `${SHOP}/topics/orders/status`, 405],
    ['GET', `${SHOP}/topics?limit=x`, 400],
    ['GET', `${SHOP}/topics?labelSelector=a+in+(b)`, 400],
    ['GET', `${SHOP}/topics?fieldSelector=metadata.name%3Da`, 400],
    ['GET', `${SHOP}/topics?continue=x`, 400],
    ['DELETE', `${SHOP}/topics/orders?dryRun=All`, 400],
  ])('answers %s %s with %i', async (method, path, status) => {
    await using server = await edge();
    const response = await fetch(`${server.server.url}${path}`, { method });
    expect(response.status).toBe(status);
    if (method !== 'HEAD')
      expect(await response.json()).toMatchObject({ kind: 'Status', code: status });
  });

  it.each([
    ['POST', '/topics', '{"kind":', 'application/json', 400],
    ['POST', '/topics', '[]', 'application/json', 400],
    ['POST', '/topics', '{}', 'application/json', 400],
    ['POST', '/topics', '{}', 'text/plain', 415],
    ['POST', '/topics', '{}', 'application/x-www-form-urlencoded', 415],
    ['PATCH', '/topics/orders', '[]', 'application/json-patch+json', 415],
    ['PATCH', '/topics/orders', '{}', 'application/strategic-merge-patch+json', 415],
    ['PATCH', '/topics/orders/status', '{}', APPLY, 415],
    ['PATCH', '/topics/orders?fieldManager=a', 'kind: Topic', APPLY, 400],
  ])('refuses %s %s of %j as %s with %i', async (method, path, body, type, status) => {
    await using server = await edge();
    const answer = await server.call(method, `${SHOP}${path}`, body, type);
    expect(answer).toMatchObject({ status, body: { kind: 'Status', code: status } });
  });

  it('reads no more of a body than a resource may have, and goes on to answer', async () => {
    await using server = await edge();
    const large = topic('orders', { config: { a: 'x'.repeat(8_388_608) } });
    const answer = await server.call('POST', `${SHOP}/topics`, large);
    expect(answer).toMatchObject({ status: 413, body: { reason: 'RequestEntityTooLarge' } });
    expect(await server.call('GET', `${SHOP}/topics`)).toMatchObject({ status: 200 });
  });

  it('answers to no name but that of this machine to itself, and permits no foreign page', async () => {
    await using server = await edge();
    const { port } = new URL(server.server.url);
    const get = (host: string): Promise<{ status: number; headers: object; text: string }> =>
      new Promise((resolve, reject) => {
        const headers = { host, origin: 'http://evil.example' };
        httpRequest({ port, host: '127.0.0.1', path: `${BASE}/topics`, headers }, (response) => {
          text(response).then(
            (body) =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, text: body }),
            reject,
          );
        }).end();
      });
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example'])
      expect(await get(host)).toMatchObject({ status: 403 });
    for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`]) {
      const answer = await get(host);
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect((await get('evil.example')).text).not.toContain('items');
  });

  it('keeps what the operator alone writes from others, who may read it', async () => {
    await using server = await edge();
    await server.resources.api.create(LEASES, manifest(LEASES, 'leader'), ALWAYS);
    const path = '/apis/coordination.k8s.io/v1/namespaces/shop/leases';
    expect(await server.call('GET', `${path}/leader`)).toMatchObject({ status: 200 });
    expect(await server.call('DELETE', `${path}/leader`)).toMatchObject({ status: 403 });
  });

  it('takes the namespace and the name from where they are given', async () => {
    await using server = await edge();
    const { metadata: _, ...rest } = topic('orders');
    const generated = { ...rest, metadata: { generateName: 'orders-' } };
    expect(await server.call('POST', `${SHOP}/topics`, generated)).toMatchObject({
      status: 201,
      body: { metadata: { namespace: 'shop', name: expect.stringMatching(/^orders-.{5}$/) } },
    });
    expect(
      await server.call('POST', `${BASE}/namespaces/depot/topics`, topic('orders')),
    ).toMatchObject({ status: 400 });
    const put = { ...topic('orders'), metadata: { name: 'other', resourceVersion: '2' } };
    await server.resources.api.create(TOPICS, topic('orders'), ALWAYS);
    expect(await server.call('PUT', `${SHOP}/topics/orders`, put)).toMatchObject({ status: 400 });
  });

  it('outlives a caller who leaves in the middle of a request', async () => {
    await using server = await edge();
    const { port } = new URL(server.server.url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = `POST ${SHOP}/topics HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`;
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    socket.destroy();
    expect(await server.call('GET', `${SHOP}/topics`)).toMatchObject({ status: 200 });
  });
});
