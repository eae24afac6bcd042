/** Records of a partition: from where, how many, one of them, and those that come while somebody looks. */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { columnOf, overflowOf, PATIENCE, searchOf, violationsOf } from './looks.ts';
import { send, type Stage, startStage, type Visit, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOUR_MS = 3_600_000;
const NOON_UTC = Date.UTC(2026, 0, 5, 12);
const MESSAGES = '/topics/orders/messages';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 1 });
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 4 } });
  await send(stage.call, 'orders', 250, { partition: 1 });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

interface Opened extends Visit {
  readonly table: Locator;
}

async function open(path: string): Promise<Opened> {
  const visited = await visit(stage, path, {});
  return { ...visited, table: visited.page.getByRole('table', { name: 'Messages' }) };
}

/** Of the records that are shown. */
async function offsetsOf(table: Locator): Promise<number[]> {
  return (await columnOf(table, 'Offset')).map(Number);
}

test('C-070..073 a partition from an offset, so many at once, and more of them', async () => {
  await using opened = await open(MESSAGES);
  const { page, table, faults } = opened;
  await page.getByText('There is no record from here on').waitFor();
  await page.getByLabel('Partition').selectOption('1');
  await page.getByText('100 records shown; the partition has offsets 0 to 250').waitFor();
  expect((await offsetsOf(table))[0]).toBe(0);
  await page.getByLabel('From').selectOption({ label: 'An offset' });
  await page.getByLabel('Offset').fill('120');
  await page.getByLabel('At once').fill('9');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('A whole number from 10 to 1000').waitFor();
  expect(await page.getByLabel('Offset').inputValue()).toBe('120');
  await page.getByLabel('At once').fill('50');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('50 records shown').waitFor();
  expect((await offsetsOf(table))[0]).toBe(120);
  await page.reload();
  await page.getByText('50 records shown').waitFor();
  expect((await offsetsOf(table))[0]).toBe(120);
  const more = page.getByRole('button', { name: 'Load more' });
  await more.click();
  await page.getByText('100 records shown').waitFor();
  await more.click();
  await page.getByText('130 records shown').waitFor();
  await more.waitFor({ state: 'detached' });
  await send(stage.call, 'orders', 20, { partition: 1 });
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('50 records shown; the partition has offsets 0 to 270').waitFor();
  expect(faults).toEqual([]);
});

test('C-071 a partition from a time of the clock on the wall', async () => {
  const records = [0, 1, 2, 3].map((hours) => ({
    ...{ value: `${hours}`, partition: 2 },
    timestamp: NOON_UTC + hours * HOUR_MS,
  }));
  await stage.call('POST /api/v1/produce/batch', { body: { topic: 'orders', records } });
  await using opened = await open(`${MESSAGES}?partition=2`);
  const { page, table, faults } = opened;
  await page.getByLabel('From').selectOption({ label: 'A time' });
  // It is an hour later in Berlin.
  await page.getByLabel('Time (local)').fill('2026-01-05T15:00:00');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('2 records shown').waitFor();
  expect(await offsetsOf(table)).toEqual([2, 3]);
  expect((await columnOf(table, 'Timestamp'))[0]).toBe('2026-01-05 15:00:00.000 CET');
  expect(searchOf(page, 'timestamp')).toBe(String(NOON_UTC + 2 * HOUR_MS));
  await page.reload();
  await page.getByText('2 records shown').waitFor();
  expect(await page.getByLabel('Time (local)').inputValue()).toMatch(/^2026-01-05T15:00/);
  expect(faults).toEqual([]);
});

test('C-074, C-075 a record with all that it has, by its address, also when it is not among the first', async () => {
  await using opened = await open(`${MESSAGES}?partition=1`);
  const { page, table, faults } = opened;
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('200 records shown').waitFor();
  await page.getByRole('group', { name: 'Messages' }).press('End');
  await table.getByRole('link', { name: '190', exact: true }).click();
  const record = page.getByRole('region', { name: 'Record 190' });
  await record.waitFor();
  expect(searchOf(page, 'record')).toBe('190');
  await page.reload();
  await record.waitFor();
  expect(await record.getByLabel('Value').textContent()).toBe(
    '{\n  "order": 190,\n  "amount": 2470,\n  "currency": "EUR"\n}',
  );
  expect(await record.getByLabel('Key').textContent()).toBe('customer-1');
  expect(await record.locator('dt:text-is("trace") + dd').textContent()).toBe('t-190');
  expect(await record.getByRole('time').textContent()).toMatch(/^\d{4}-\d\d-\d\d .*\.\d{3} /);
  await record.getByRole('button', { name: 'Close record' }).click();
  await record.waitFor({ state: 'detached' });
  expect(searchOf(page, 'record')).toBeNull();
  expect(faults).toEqual([]);
});

describe('C-076, C-077 the live tail', () => {
  test('shows what comes, stays at its end, and stops', async () => {
    await using opened = await open(`${MESSAGES}?partition=3`);
    const { page, table, faults } = opened;
    await send(stage.call, 'orders', 5, { partition: 3 });
    const tail = page.getByRole('button', { name: 'Live tail' });
    await tail.click();
    await page.getByText('Waiting for new records').waitFor();
    for (let count = 1; count <= 3; count++) {
      await send(stage.call, 'orders', 50, { partition: 3 });
      await page.getByText(`Live, ${50 * count} new records`).waitFor();
      await table.getByRole('link', { name: String(4 + 50 * count), exact: true }).waitFor();
    }
    // The first one that came, and none that was there before.
    await page.getByRole('group', { name: 'Messages' }).press('Home');
    await table.getByRole('link', { name: '5', exact: true }).waitFor();
    expect(await offsetsOf(table)).not.toContain(4);
    await tail.click();
    await page.getByText('100 records shown').waitFor();
    const asked = page.waitForRequest(/\/api\/v1\/consume/, { timeout: 2_500 });
    await send(stage.call, 'orders', 1, { partition: 3 });
    await expect(asked).rejects.toThrow('Timeout');
    expect(faults).toEqual([]);
  });

  test('leaves whoever looks at an older record where they are', async () => {
    await using opened = await open(`${MESSAGES}?partition=3&tail=true`);
    const { page, table } = opened;
    await page.getByText('Waiting for new records').waitFor();
    await send(stage.call, 'orders', 60, { partition: 3 });
    await page.getByText('Live, 60 new records').waitFor();
    await page.getByRole('group', { name: 'Messages' }).press('Home');
    const first = table.locator('[aria-rowindex="2"]');
    await expect.poll(() => isInSight(first), PATIENCE).toBe(true);
    await send(stage.call, 'orders', 60, { partition: 3 });
    await page.getByText('Live, 120 new records').waitFor();
    expect(await isInSight(first)).toBe(true);
  });

  test('keeps what came when somebody comes back to the page, and says how old its last look is', async () => {
    await using opened = await open(`${MESSAGES}?partition=3&tail=true`);
    const { page } = opened;
    await page.getByText('Waiting for new records').waitFor();
    await send(stage.call, 'orders', 3, { partition: 3 });
    await page.getByText('Live, 3 new records').waitFor();
    const looked = page.waitForResponse(/\/api\/v1\/consume/);
    // As the browser says it when the tab is shown again.
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await looked;
    await send(stage.call, 'orders', 2, { partition: 3 });
    await page.getByText('Live, 5 new records').waitFor();
    await expect
      .poll(() => page.getByText(/ old$/).textContent(), PATIENCE)
      .toMatch(/^[0-3] s old/);
  });
});

/** Whether it is seen, and not only in the page. */
async function isInSight(row: Locator): Promise<boolean> {
  if ((await row.count()) === 0) return false;
  const list = row.page().getByRole('group', { name: 'Messages' });
  const [outer, inner] = [await list.boundingBox(), await row.boundingBox()];
  return inner!.y >= outer!.y && inner!.y < outer!.y + outer!.height;
}

describe('B-14 a record is text, whatever it has', () => {
  const SCRIPT = '<script>window.isRun = true</script><img src=x onerror="window.isRun = true">';

  async function show(value: string): Promise<{ readonly opened: Opened; readonly text: Locator }> {
    const { data } = await stage.call('POST /api/v1/produce', {
      body: {
        topic: 'orders',
        partition: 0,
        key: SCRIPT,
        value,
        headers: [{ name: SCRIPT, value: SCRIPT }],
      },
    });
    const at = `partition=0&offset=${data.offset}&record=${data.offset}`;
    const opened = await open(`${MESSAGES}?${at}`);
    const record = opened.page.getByRole('region', { name: `Record ${data.offset}` });
    await record.waitFor();
    return { opened, text: record.getByLabel('Value') };
  }

  test('markup', async () => {
    const { opened, text } = await show(SCRIPT);
    await using page = opened;
    expect(await text.textContent()).toBe(SCRIPT);
    expect((await columnOf(page.table, 'Value'))[0]).toBe(SCRIPT);
    expect(await page.page.evaluate('window.isRun ?? false')).toBe(false);
    expect(page.faults).toEqual([]);
  });

  test('escapes of a terminal, and characters that are not seen', async () => {
    const value = '\u001b[31mred\u001b[0m \u202eleft\u202c a\u0000b\r\nline';
    const { opened, text } = await show(value);
    await using page = opened;
    expect(await text.textContent()).toBe(value);
    expect(page.faults).toEqual([]);
  });

  test('the largest that there is: its beginning, and all of it when asked for', async () => {
    const value = JSON.stringify({ items: Array.from({ length: 95_000 }, (_, n) => n + 100_000) });
    const { opened, text } = await show(value.slice(0, 1_000_000));
    await using page = opened;
    expect((await text.textContent())?.length).toBeLessThan(100_000);
    await page.page.getByRole('button', { name: 'Show all' }).click();
    await expect
      .poll(async () => (await text.textContent())?.length, PATIENCE)
      .toBeGreaterThan(600_000);
    expect(await overflowOf(page.page)).toBe(0);
    expect(page.faults).toEqual([]);
  });

  test('the largest, to everyone', async () => {
    const { opened } = await show('x'.repeat(1_000_000));
    await using page = opened;
    expect(await violationsOf(page.page)).toEqual([]);
  });
});
