/** Consumer groups: how far each is behind, who reads what, and where it reads on. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { join, readBy, readOn } from './consumers.ts';
import { columnOf, figureOf, overflowOf, PATIENCE, searchOf, violationsOf } from './looks.ts';
import { looking, send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const RECORDS = 40;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 1 });
  await createTopic('orders', 2);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

async function createTopic(name: string, partitions: number): Promise<void> {
  await stage.call('POST /api/v1/topics', { body: { name, partitions } });
  for (let partition = 0; partition < partitions; partition++)
    await send(stage.call, name, RECORDS, { partition });
}

function rowOf(page: Page, group: string): Locator {
  return page.getByRole('table', { name: 'Consumer groups' }).getByRole('row', { name: group });
}

test('C-130..132 groups in figures, each caught up, normal or lagging', async () => {
  await createTopic('listed', 1);
  await readBy(stage, 'list-a', 'listed', RECORDS);
  await using visited = await visit(stage, '/consumer-groups?q=list-', looking(stage, 'often'));
  const { page, faults } = visited;
  const row = rowOf(page, 'list-a');
  await row.getByText('Caught up').waitFor();
  await send(stage.call, 'listed', 1_000);
  await row.getByText('Normal').waitFor();
  await send(stage.call, 'listed', 1);
  await row.getByText('Lagging').waitFor();
  await page.getByText('1 group lags: list-a').waitFor();
  expect(await figureOf(page, 'Total groups')).toBe('1');
  expect(await figureOf(page, 'Total lag')).toBe('1,001');
  expect(await figureOf(page, 'Partitions')).toBe('1');
  const table = page.getByRole('table', { name: 'Consumer groups' });
  expect(await columnOf(table, 'Topics')).toEqual(['listed']);
  expect(await columnOf(table, 'State')).toEqual(['empty']);
  expect(faults).toEqual([]);
});

test('C-133..135 lag is the high watermark less what is committed, by partition and in all, in time and with its trend', async () => {
  await createTopic('told', 2);
  await using consumer = await join(stage, 'told-group', 'told');
  await readOn(consumer, 2 * RECORDS);
  await using visited = await visit(stage, '/consumer-groups/told-group', looking(stage, 'often'));
  const { page, faults } = visited;
  const offsets = page.getByRole('table', { name: 'Offsets' });
  await expect.poll(() => columnOf(offsets, 'Lag'), PATIENCE).toEqual(['0', '0']);
  await send(stage.call, 'told', 30, { partition: 0 });
  await send(stage.call, 'told', 500, { partition: 1 });
  await expect.poll(() => columnOf(offsets, 'Lag'), PATIENCE).toEqual(['30', '500']);
  expect(await columnOf(offsets, 'Committed')).toEqual(['40', '40']);
  expect(await columnOf(offsets, 'High watermark')).toEqual(['70', '540']);
  const facts = page.getByRole('region', { name: 'Group', exact: true });
  expect(await figureOf(facts, 'Total lag')).toBe('530');
  await facts.getByText('rising').waitFor();
  await expect.poll(() => columnOf(offsets, 'Lag in time'), PATIENCE).not.toContain('0 s');
  // Nothing comes and nothing is read for some looks.
  await facts.getByText('steady').waitFor();
  const member = consumer.membership()?.memberId ?? '';
  const members = page.getByRole('table', { name: 'Members' });
  expect(await columnOf(members, 'Member')).toEqual([member]);
  expect(await columnOf(members, 'Assignment')).toEqual(['told: 0 1']);
  expect(await columnOf(offsets, 'Member')).toEqual([member, member]);
  await readOn(consumer, 530);
  await facts.getByText('falling').waitFor();
  await page.getByRole('status', { name: 'Health' }).getByText('Caught up').waitFor();
  expect(faults).toEqual([]);
});

async function committed(id: string): Promise<(number | null)[]> {
  const { data } = await stage.call('GET /api/v1/consumer-groups/{id}', { path: { id } });
  return data.offsets.map(({ committedOffset }) => committedOffset);
}

test('C-136 offsets are set after a look at what would change, and when the name is typed', async () => {
  await readBy(stage, 'reset-group', 'orders', 2 * RECORDS);
  await using visited = await visit(stage, '/consumer-groups/reset-group');
  const { page, faults } = visited;
  await page.getByRole('button', { name: 'Reset offsets' }).click();
  const dialog = page.getByRole('dialog', { name: 'Reset offsets of reset-group' });
  const look = dialog.getByRole('button', { name: 'Show what would change' });
  await dialog.getByLabel('Read on from').selectOption({ label: 'An offset' });
  await dialog.getByLabel('Number').fill('ten');
  await look.click();
  await dialog.getByText('A whole number', { exact: true }).waitFor();
  await dialog.getByLabel('Number').fill('10');
  await dialog.getByLabel('Partitions').fill('1');
  await look.click();
  const changes = dialog.getByRole('table', { name: 'What would change' });
  await dialog.getByText('Nobody reads with this group now').waitFor();
  expect(await columnOf(changes, 'Committed')).toEqual(['40']);
  expect(await columnOf(changes, 'Becomes')).toEqual(['10']);
  expect(await columnOf(changes, 'Read again (−) or passed over (+)')).toEqual(['−30']);
  expect(await violationsOf(page)).toEqual([]);
  // Another wish takes the look back.
  await dialog.getByLabel('Partitions').fill('0');
  await changes.waitFor({ state: 'detached' });
  await dialog.getByLabel('Partitions').fill('1');
  await look.click();
  await changes.waitFor();
  const submit = dialog.getByRole('button', { name: 'Reset offsets' });
  const field = dialog.getByLabel('Type reset-group to confirm');
  await field.fill('reset-grou');
  await field.press('Enter');
  expect(await submit.isDisabled()).toBe(true);
  expect(await committed('reset-group')).toEqual([RECORDS, RECORDS]);
  await field.fill('reset-group');
  await submit.click();
  await page.getByText('1 offset of reset-group set').waitFor();
  await dialog.waitFor({ state: 'detached' });
  expect(await committed('reset-group')).toEqual([RECORDS, 10]);
  expect(faults).toEqual([]);
});

test('C-137 while members read, it says that they have to join again, and they go on from there', async () => {
  await createTopic('live', 1);
  await using consumer = await join(stage, 'live-group', 'live');
  await readOn(consumer, RECORDS);
  await using visited = await visit(stage, '/consumer-groups/live-group?reset=true', PHONE);
  const { page, faults } = visited;
  const dialog = page.getByRole('dialog', { name: 'Reset offsets of live-group' });
  await dialog.getByRole('button', { name: 'Show what would change' }).click();
  await dialog.getByText('1 member will have to join again').waitFor();
  const scroll = dialog.evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(await scroll).toBe(0);
  expect(await committed('live-group')).toEqual([RECORDS]);
  await dialog.getByLabel('Type live-group to confirm').fill('live-group');
  await dialog.getByRole('button', { name: 'Reset offsets' }).click();
  await page.getByText('1 offset of live-group set').waitFor();
  await expect.poll(() => searchOf(page, 'reset'), PATIENCE).toBeNull();
  // At least once: which ones come twice is the machine's business.
  const again = new Set<number>();
  while (again.size < RECORDS)
    for (const { offset } of await consumer.poll(1_000)) again.add(offset);
  expect([...again][0]).toBe(0);
  expect(faults).toEqual([]);
});

test('ids that are long, or have signs of an address, break neither page nor title', async () => {
  await createTopic('odd', 1);
  const ids = ['50% off/now?#é', `long-${'x'.repeat(200)}`];
  for (const id of ids) await readBy(stage, id, 'odd', RECORDS);
  await send(stage.call, 'odd', 1_000);
  await send(stage.call, 'odd', 1);
  await using visited = await visit(stage, '/consumer-groups', PHONE);
  const { page, faults } = visited;
  await page.getByText(/^\d groups lag: /).waitFor();
  expect(await overflowOf(page)).toBe(0);
  for (const id of ids) {
    await rowOf(page, id).getByRole('link').click();
    await page.getByRole('heading', { name: id }).waitFor();
    await expect.poll(() => page.title(), PATIENCE).toContain(`${id} · StreamHouse`);
    await page.reload();
    await page.getByRole('heading', { name: id }).waitFor();
    await page.getByText('Nobody reads with this group now').waitFor();
    expect(await overflowOf(page)).toBe(0);
    await page.goBack();
  }
  expect(faults).toEqual([]);
});
