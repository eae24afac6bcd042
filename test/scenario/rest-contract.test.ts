/** The document of the REST API, and that the server keeps to it: whatever it is asked, it answers as it says and never fails. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { ROUTES } from '@streamhouse/api/rest/routes.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type RestApi, startRestOf } from '../harness/rest.ts';
import { RestContract } from '../harness/rest-contract.ts';
import { RestFuzz } from '../harness/rest-fuzz.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

/** Of each operation. */
const REQUESTS = 50;

let cluster: Cluster;
let api: RestApi;
let contract: RestContract;

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, objects: 'directory' });
  api = await startRestOf(cluster);
  contract = await RestContract.of(api.url);
  for (const name of ['orders', 'carts'])
    await api.call('POST /api/v1/topics', { body: { name, partitions: 2 } });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

/** Numbers from a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('C-162: the document is valid OpenAPI 3.1 and has every route', async () => {
  const result = await new Validator().validate({ ...contract.document });
  expect(result).toMatchObject({ valid: true });
  const keys = contract.operations.map(({ method, path }) => `${method} ${path}`);
  expect(keys.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

test('C-167: the page shows every operation, without any script', async () => {
  const response = await fetch(`${api.url}/swagger-ui`);
  const html = await response.text();
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(html).not.toMatch(/<script|style=|\bon\w+=/);
  for (const { path } of contract.operations) expect(html).toContain(path);
  const style = /href="(.+\.css)"/.exec(html)?.[1] ?? '';
  expect((await fetch(new URL(style, `${api.url}/swagger-ui`))).status).toBe(200);
});

test('B-11: no request, however wrong, makes it fail or answer what its document does not say', async () => {
  const random = seeded(7);
  const fuzz = new RestFuzz(contract, random, ['orders', 'carts', 'readers', 'agent-1', '0', '1']);
  const statuses = new Map<number, number>();
  for (const operation of contract.operations) {
    for (let count = 0; count < REQUESTS; count++) {
      const { method, url, headers, body } = fuzz.request(operation);
      const response = await fetch(`${api.url}${url}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      expect(response.status, `${method} ${url} ${String(body)} -> ${text}`).not.toBe(500);
      // A path that decodes to nothing of a route is not of the operation.
      if (isOfRoute(operation.path, url)) contract.check(method, operation.path, response, text);
    }
  }
  expect([...statuses.keys()]).toEqual(
    expect.arrayContaining([200, 201, 204, 304, 400, 404, 409, 412, 415]),
  );
  expect(Object.prototype).not.toHaveProperty('x');
});

function isOfRoute(template: string, url: string): boolean {
  const [path = ''] = url.split('?');
  const steps = path.split('/');
  return steps.length === template.split('/').length && !steps.includes('', 1);
}
