/**
 * What the console is for, from one end to the other: a topic is made, records are sent and seen, the watermark moves, a group
 * falls behind and catches up, an agent is killed, goes stale, and its partitions move.
 */
import { connectConsumer, type Consumer } from '@streamhouse/client/mod.ts';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { until } from '../harness/until.ts';
import { send, type Stage, startStage, type Visit, visit } from './stage.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const held = Promise.withResolvers<void>();
let stage: Stage;
beforeAll(async () => {
  // An agent that was killed stays away until the test lets the next one come.
  stage = await startStage({ beforeFence: () => held.promise });
});
afterAll(async () => {
  held.resolve();
  await stage?.[Symbol.asyncDispose]();
});

test('C-002..005, C-051, C-055, C-095, C-097, C-116, C-132 create, send, see, follow a group, lose an agent', async () => {
  await using visited = await visit(stage, '/topics');
  const { page, faults } = visited;
  await createTopic(page);
  await sendTwenty(page);
  await seeThem(page);
  await followGroup(visited);
  expect(faults).toEqual([]);
  await loseAgent(page);
});

async function createTopic(page: Page): Promise<void> {
  await page.getByText('There is no topic yet').waitFor();
  await page.getByRole('button', { name: 'Create Topic' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create Topic' });
  await dialog.getByLabel('Name').fill('no such name!');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByText('Letters, digits').waitFor();
  await dialog.getByLabel('Name').fill('orders');
  await dialog.getByLabel('Partitions').fill('3');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'orders' }).waitFor();
  await page.getByText('Healthy: each partition has a leader').waitFor();
  await page.getByText('Managed by API').waitFor();
  expect(await page.getByRole('table', { name: 'Partitions' }).getByRole('row').count()).toBe(4);
}

async function sendTwenty(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Send' }).first().click();
  const form = page.getByRole('form', { name: 'Send a record' });
  await form.getByLabel('Partition').fill('1');
  await form.getByLabel('Value', { exact: true }).fill('{"order": ');
  await page.keyboard.press('Control+Enter');
  await form.getByRole('alert').waitFor();
  const sent = page.getByRole('table', { name: 'Last records' });
  for (let count = 0; count < 20; count++) {
    await form.getByLabel('Key').fill(`key-${count}`);
    await form.getByLabel('Value', { exact: true }).fill(`{"order": ${count}}`);
    await page.keyboard.press('Control+Enter');
    await sent.getByRole('link', { name: `1 @ ${count}`, exact: true }).waitFor();
  }
  expect(await sent.getByText('Sent', { exact: true }).count()).toBe(20);
}

async function seeThem(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Topics' }).first().click();
  await page.getByRole('link', { name: 'orders', exact: true }).click();
  const partition = page.getByRole('table', { name: 'Partitions' }).getByRole('row').nth(2);
  await partition.getByText('20').first().waitFor();
  expect(await partition.getByRole('cell').nth(1).textContent()).toBe('0');
  expect(await partition.getByRole('cell').nth(2).textContent()).toBe('20');
  await partition.getByRole('link', { name: 'View Messages' }).click();
  const table = page.getByRole('table', { name: 'Messages' });
  await table.getByRole('link', { name: '19', exact: true }).waitFor();
  await table.getByRole('link', { name: '7', exact: true }).click();
  const record = page.getByRole('region', { name: 'Record 7' });
  expect(await record.getByLabel('Value').textContent()).toBe('{\n  "order": 7\n}');
  await record.getByRole('button', { name: 'Close record' }).click();
}

async function followGroup({ page }: Visit): Promise<void> {
  const { bootstrap } = stage.cluster;
  await using consumer = await connectConsumer({
    ...{ bootstrap, groupId: 'billing', autoOffsetReset: 'earliest' },
    autoCommit: false,
  });
  await consumer.subscribe(['orders']);
  await readAndCommit(consumer, 20);
  await page.getByRole('link', { name: 'Consumer groups' }).first().click();
  const row = page
    .getByRole('table', { name: 'Consumer groups' })
    .getByRole('row', { name: 'billing' });
  await row.getByText('Caught up').waitFor();
  await send(stage.call, 'orders', 1_500, { partition: 1 });
  await row.getByText('Lagging').waitFor();
  await row.getByRole('link', { name: 'billing' }).click();
  const offsets = page.getByRole('table', { name: 'Offsets' });
  await offsets.getByText('Lagging').waitFor();
  expect(await lagOf(page)).toBe('1,500');
  await page.getByRole('table', { name: 'Members' }).getByText('orders: 0 1 2').waitFor();
  await readAndCommit(consumer, 1_500);
  await offsets.getByText('Lagging').waitFor({ state: 'detached' });
  expect(await lagOf(page)).toBe('0');
}

/** Of the whole group, in full. */
async function lagOf(page: Page): Promise<string | null> {
  const facts = page.getByRole('region', { name: 'Group', exact: true });
  return await facts.locator('dt:text-is("Total lag") + dd span').first().getAttribute('title');
}

async function readAndCommit(consumer: Consumer, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) seen += (await consumer.poll(1_000)).length;
  await consumer.commit();
}

async function loseAgent(page: Page): Promise<void> {
  const victim = stage.cluster.agents[0];
  if (victim === undefined) throw new Error('there is no agent');
  await page.getByRole('link', { name: 'Agents' }).first().click();
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row', { name: victim.id });
  await row.getByText('Healthy').waitFor();
  expect(await leasesOf(row)).toBe(1);
  process.kill(victim.pid!, 'SIGKILL');
  await row.getByText('Stale').waitFor({ timeout: 60_000 });
  await page.getByText(`1 agent stale (${victim.id})`).waitFor();
  await until(async () => (await heldBy(victim.id)) === 0, AbortSignal.timeout(60_000));
  await page.getByRole('link', { name: 'Topics' }).first().click();
  await page.getByRole('link', { name: 'orders', exact: true }).click();
  await page.getByText('Healthy: each partition has a leader').waitFor();
  const led = page
    .getByRole('table', { name: 'Partitions' })
    .getByRole('link', { name: victim.id });
  await until(async () => (await led.count()) === 0, AbortSignal.timeout(30_000));
}

async function leasesOf(row: Locator): Promise<number> {
  return Number(await row.getByRole('cell').nth(2).textContent());
}

/** Partitions whose leader is that agent. */
async function heldBy(id: string): Promise<number> {
  const path = { name: 'orders' };
  const { data } = await stage.call('GET /api/v1/topics/{name}/partitions', { path });
  return data.filter(({ leader }) => leader === id || leader === null).length;
}
