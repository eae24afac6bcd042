/** A topic of a Kubernetes resource, as clients of the API meet it: served as any other, and left to its resource. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { type Admin, connectAdmin, connectProducer } from '@streamhouse/client/mod.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { TopicWish } from '@streamhouse/store/metadata/operator.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { openRawAgent, type RawAgent } from '../harness/raw-grpc.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const FAILED_PRECONDITION = 9;
const CLI = createRequire(import.meta.url).resolve('@streamhouse/cli/main.ts');
const RESOURCE = { namespace: 'shop', name: 'orders', uid: 'a-uid' };
const WISH: TopicWish = {
  owner: { kind: 'kubernetes', ...RESOURCE },
  topicName: 'orders.v1',
  partitions: 1,
  settings: {
    pool: 'default',
    durability: 'object',
    retentionMs: null,
    retentionBytes: null,
    config: {},
  },
  specHash: 'first',
  adoption: 'fail',
  drift: 'correct',
  topicId: undefined,
  recreate: false,
};

let cluster: Cluster;
let metadata: OperatorMetadata;
let admin: Admin;
let raw: RawAgent;

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, objects: 'directory' });
  metadata = await openPgMetadata({
    url: cluster.postgres.url,
    applicationName: 'test',
    clock: systemClock,
    random: Math.random,
    onError: () => undefined,
  });
  admin = await connectAdmin({ bootstrap: cluster.bootstrap });
  raw = openRawAgent(cluster.bootstrap[0] ?? '');
  const signal = AbortSignal.timeout(20_000);
  const term = await metadata.operator.lead('test', signal);
  const outcomes = await metadata.operator.claim(term, [WISH], signal);
  expect(outcomes).toMatchObject([{ kind: 'created' }]);
});

afterAll(async () => {
  raw?.close();
  await admin?.close();
  await metadata?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

test('is described with its resource', async () => {
  const topic = await admin.describeTopic('orders.v1');
  expect(topic).toMatchObject({ ownerKind: 'kubernetes', resource: RESOURCE });
  const made = await admin.createTopic({ name: 'of-the-api' });
  expect(made).toMatchObject({ ownerKind: 'api', resource: undefined });
});

test('takes records', async () => {
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  expect(await producer.send({ topic: 'orders.v1', value: 'x' })).toMatchObject({ offset: 0 });
});

test('is neither altered nor deleted over gRPC, and the answer names the resource', async () => {
  for (const [method, request] of [
    ['AdminService/AlterTopic', { name: 'orders.v1', config: { partitions: 2 } }],
    ['AdminService/DeleteTopic', { name: 'orders.v1' }],
  ] as const) {
    expect(await raw.failure(method, request)).toMatchObject({
      code: FAILED_PRECONDITION,
      kind: 'conflict',
      reason: 'TOPIC_MANAGED',
      details: { resource: 'shop/orders' },
    });
  }
  expect(await admin.describeTopic('orders.v1')).toMatchObject({ partitions: 1 });
});

test('is refused by the command in one line with the next step', async () => {
  for (const args of [
    ['topics', 'delete', 'orders.v1'],
    ['topics', 'alter', 'orders.v1', '--partitions', '2'],
  ]) {
    const failed = await streamhouse(args);
    expect(failed).toMatchObject({
      code: 1,
      stderr:
        'streamhouse: topic "orders.v1" is managed by the Kubernetes resource shop/orders; ' +
        'change the resource instead: "kubectl edit sht orders -n shop", or its file and "streamhouse apply"\n',
    });
  }
  const { stdout } = await streamhouse(['topics', 'describe', 'orders.v1']);
  expect(stdout).toContain('shop/orders');
});

interface Ended {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function streamhouse(args: readonly string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], STREAMHOUSE_BOOTSTRAP: cluster.bootstrap.join(',') };
  return promisify(execFile)(process.execPath, [CLI, ...args], { env }).catch(
    (error: unknown) => error as Ended,
  );
}
