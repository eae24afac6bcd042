/** What a lag is called, by the thresholds of the installation: everyone is told the same. */
import { connectConsumer } from '@streamhouse/client/mod.ts';
import { expect, test } from 'vitest';
import { send, startStage, visit } from './stage.ts';

const THRESHOLDS = { API_LAG_CAUGHT_UP_MAX: '2', API_LAG_NORMAL_MAX: '20' };

test('C-132 a group is caught up, normal or lagging by the thresholds of the server', {
  timeout: 180_000,
}, async () => {
  await using stage = await startStage({ agents: 1, env: THRESHOLDS });
  const { call, cluster } = stage;
  await call('POST /api/v1/topics', { body: { name: 'orders', partitions: 1 } });
  await send(call, 'orders', 10);
  await using consumer = await connectConsumer({
    ...{ bootstrap: cluster.bootstrap, groupId: 'billing', autoOffsetReset: 'earliest' },
    autoCommit: false,
  });
  await consumer.subscribe(['orders']);
  for (let seen = 0; seen < 10; ) seen += (await consumer.poll(1_000)).length;
  await consumer.commit();
  await using visited = await visit(stage, '/consumer-groups');
  const { page, faults } = visited;
  const row = page.getByRole('row', { name: 'billing' });
  const health = page.getByRole('status', { name: 'Health' });
  for (const [sent, lag, state, verdict] of [
    [2, '2', 'Caught up', 'Healthy: no group lags'],
    [18, '20', 'Normal', 'Healthy: no group lags'],
    [1, '21', 'Lagging', '1 group lags: billing'],
  ] as const) {
    await send(call, 'orders', sent);
    await row.getByRole('cell').nth(2).getByText(lag, { exact: true }).waitFor();
    expect(await row.getByRole('cell').nth(1).textContent()).toBe(state);
    expect(await health.textContent()).toBe(verdict);
  }
  await row.getByRole('link', { name: 'billing' }).click();
  await page.getByRole('table', { name: 'Offsets' }).getByText('Lagging').waitFor();
  expect(faults).toEqual([]);
});
