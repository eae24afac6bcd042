/** Who leads, what a leader does while Postgres is away, and that what an operator leaves behind another one finishes. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OperatorWorld, signal } from '../harness/operators.ts';
import { until } from '../harness/until.ts';

// Some wait for notifications and for the pause between two looks.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: OperatorWorld;

beforeEach(async () => {
  world = await OperatorWorld.open();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test('of two operators one leads; the other one does when it has ended', async () => {
  const first = await world.start();
  await until(() => first.operator.isLeader, signal());
  const second = await world.start();
  await world.apply('orders');
  await world.untilReady('orders');
  expect(second.operator.isLeader).toBe(false);
  await first.operator[Symbol.asyncDispose]();
  await world.apply('bills');
  await world.untilReady('bills');
  expect(second.operator.isLeader).toBe(true);
});

test('a leader whose term was ended in Postgres writes nothing, steps down, and begins another term', async () => {
  const { operator } = await world.start();
  await world.apply('orders');
  await world.untilReady('orders');
  const epoch = await world.metadata.operator.lead('another', signal());
  await world.apply('bills');
  await world.untilReady('bills');
  // It got there by a term of its own that ended the other one's.
  await expect(world.metadata.operator.purge(epoch, 1, signal())).rejects.toMatchObject({
    reason: 'OPERATOR_FENCED',
  });
  await until(() => operator.isLeader, signal());
});

test('while Postgres is away, only what is not applied yet says so', async () => {
  await world.start();
  await world.apply('orders');
  const before = await world.untilReady('orders');
  const away = await world.postgresAway();
  await world.apply('bills');
  await until(
    async () => (await world.conditions('bills')).includes('Ready=Unknown/MetadataUnreachable'),
    signal(),
  );
  expect((await world.topic('orders'))?.metadata.resourceVersion).toBe(
    before.metadata.resourceVersion,
  );
  await away[Symbol.asyncDispose]();
  await world.untilReady('bills');
});

test('its probes tell what is missing, its metrics have the names that dashboards know', async () => {
  const { operator } = await world.start();
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${operator.httpPort}${path}`);
    return { status: response.status, text: await response.text() };
  };
  await until(async () => (await get('/readyz')).status === 200, signal());
  await world.apply('orders');
  await world.untilReady('orders');
  const away = await world.postgresAway();
  await until(async () => (await get('/readyz')).text.includes('Postgres'), signal());
  expect(await get('/readyz')).toMatchObject({ status: 503 });
  expect(await get('/healthz')).toMatchObject({ status: 200 });
  await away[Symbol.asyncDispose]();
  const { text } = await get('/metrics');
  for (const series of [
    'workqueue_depth{name="topic"}',
    'workqueue_adds_total{name="topic"}',
    'workqueue_queue_duration_seconds_bucket',
    'controller_runtime_reconcile_total{controller="topic",result="success"}',
    'leader_election_master_status{name="streamhouse-operator"} 1',
    'streamhouse_operator_time_to_ready_seconds_count{kind="topic"} 1',
  ]) {
    expect(text).toContain(series);
  }
});

test('looks that find nothing to do write nothing', async () => {
  const { metrics } = await world.start();
  await world.apply('orders', { deletionPolicy: 'Delete' });
  const ready = await world.untilReady('orders');
  const resyncs = metrics.registry.getSingleMetric('streamhouse_operator_resyncs_total');
  const count = async () => (await resyncs?.get())?.values[0]?.value ?? 0;
  const first = await count();
  await until(async () => {
    await world.database.sql(`NOTIFY streamhouse, 'topics'`);
    return (await count()) >= first + 3;
  }, signal());
  expect((await world.topic('orders'))?.metadata.resourceVersion).toBe(
    ready.metadata.resourceVersion,
  );
});
