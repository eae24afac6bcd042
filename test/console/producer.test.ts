/** The page that sends records: by hand, and from a file. */
import { connectProducer } from '@streamhouse/client/mod.ts';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { columnOf, overflowOf, PATIENCE, styleOf, violationsOf } from './looks.ts';
import { type Stage, startStage, type Visit, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const KEYS = ['ada', 'bob', 'eve', 'joe', 'kim', 'lea', 'max', 'zoe'];

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 1 });
  for (const name of ['orders', 'payments'])
    await stage.call('POST /api/v1/topics', { body: { name, partitions: 4 } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

interface Opened extends Visit {
  readonly form: Locator;
  readonly sent: Locator;
}

async function open(path: string, options = {}): Promise<Opened> {
  const visited = await visit(stage, path, options);
  const form = visited.page.getByRole('form', { name: 'Send a record' });
  await form.waitFor();
  return { ...visited, form, sent: visited.page.getByRole('table', { name: 'Last records' }) };
}

/** What became of the newest record, once it is known. */
async function resultOf(sent: Locator, count: number): Promise<string> {
  await expect.poll(() => sent.getAttribute('aria-rowcount'), PATIENCE).toBe(String(count + 1));
  const newest = sent.locator('[aria-rowindex="2"]');
  await newest.getByText(/^(Sent|Failed)$/).waitFor();
  return (await newest.getByRole('cell').nth(1).textContent()) ?? '';
}

test('C-090..092 a topic of those that there are; its partition by the key, as the SDK has it, or as given', async () => {
  await using opened = await open('/console');
  const { page, form, sent, faults } = opened;
  const choices = form.locator('datalist option');
  await expect.poll(() => choices.count(), PATIENCE).toBe(2);
  await form.getByLabel('Topic').fill('ord');
  await expect.poll(() => choices.count(), PATIENCE).toBe(1);
  expect(await choices.first().getAttribute('value')).toBe('orders');
  await form.getByLabel('Topic').fill('orders');
  await form.getByLabel('Value is').selectOption({ label: 'Text' });
  await form.getByLabel('Value', { exact: true }).fill('hello');
  await using producer = await connectProducer({ bootstrap: stage.cluster.bootstrap });
  const partitions = new Set<number>();
  for (const [index, key] of KEYS.entries()) {
    await form.getByLabel('Key').fill(key);
    await page.keyboard.press('Control+Enter');
    const [partition] = (await resultOf(sent, index + 1)).split(' @ ').map(Number);
    expect((await producer.send({ topic: 'orders', key, value: 'x' })).partition).toBe(partition);
    partitions.add(partition ?? -1);
  }
  expect(partitions.size).toBeGreaterThan(1);
  for (const partition of ['3', '2']) {
    await form.getByLabel('Partition').fill(partition);
    await page.keyboard.press('Control+Enter');
    const count = KEYS.length + (partition === '3' ? 1 : 2);
    expect(await resultOf(sent, count)).toMatch(new RegExp(`^${partition} @ `));
  }
  expect(faults).toEqual([]);
});

test('C-093..095, C-098, C-099 JSON is looked at, text is not; the result is there at once, and the form is ready', async () => {
  await using opened = await open('/console?topic=payments');
  const { page, form, sent, faults } = opened;
  const value = form.getByLabel('Value', { exact: true });
  await value.fill('{"amount": ');
  await page.keyboard.press('Meta+Enter');
  await form.getByRole('alert').getByText(/JSON/).waitFor();
  expect(await sent.count()).toBe(0);
  await form.getByLabel('Value is').selectOption({ label: 'Text' });
  await value.focus();
  await page.keyboard.press('Meta+Enter');
  expect(await resultOf(sent, 1)).toMatch(/^\d @ 0$/);
  await form.getByLabel('Value is').selectOption({ label: 'JSON' });
  const ownMs: number[] = [];
  for (let count = 2; count <= 8; count++) {
    await value.fill(`{"amount": ${count}}`);
    const isThere = untilRows(page, count);
    await page.keyboard.press('Control+Enter');
    ownMs.push(await isThere);
    expect(await resultOf(sent, count)).toMatch(/ @ /);
    expect(await value.evaluate((element) => element.matches(':focus'))).toBe(true);
  }
  // Of the one that had the machine for itself.
  expect(Math.min(...ownMs)).toBeLessThan(100);
  await sent.getByRole('link', { name: / @ / }).first().click();
  await page.getByLabel('Value').getByText('"amount": 8').waitFor();
  expect(faults).toEqual([]);
});

/** Milliseconds from the next key that is pressed until so many records are told to be sent, but for what the server took. */
async function untilRows(page: Page, count: number): Promise<number> {
  return await page.evaluate<number>(`new Promise((resolve) => {
    let begunMs = 0;
    addEventListener('keydown', () => (begunMs = performance.now()), { once: true });
    const observer = new MutationObserver(() => {
      const rows = [...document.querySelectorAll('[role=row]')];
      if (rows.filter((row) => row.textContent.startsWith('Sent')).length < ${count}) return;
      observer.disconnect();
      const request = performance.getEntries().findLast(({ name }) => name.endsWith('/produce'));
      resolve(performance.now() - begunMs - request.duration);
    });
    observer.observe(document, { subtree: true, childList: true, characterData: true });
  })`);
}

test('C-096, C-097 the last 50 are kept; what failed is red, with an icon, a word and its cause', async () => {
  await using opened = await open('/console?topic=orders');
  const { page, form, sent, faults } = opened;
  await form.getByLabel('Value', { exact: true }).fill('1');
  await form.getByLabel('Partition').fill('99');
  await page.keyboard.press('Control+Enter');
  expect(await resultOf(sent, 1)).toMatch(/partition/);
  const failed = sent.getByText('Failed', { exact: true });
  expect(await looksOf(failed)).toEqual({ hasIcon: true, isOf: 'bad' });
  expect(await form.getByLabel('Value', { exact: true }).inputValue()).toBe('1');
  expect(await violationsOf(page)).toEqual([]);
  await form.getByLabel('Partition').fill('0');
  for (let count = 2; count <= 52; count++) {
    await page.keyboard.press('Control+Enter');
    await resultOf(sent, Math.min(count, 50));
  }
  expect(await failed.count()).toBe(0);
  const [newest] = await columnOf(sent, 'Partition and offset');
  await page.getByRole('link', { name: 'Topics' }).first().click();
  await page.goBack();
  await sent.waitFor();
  expect((await columnOf(sent, 'Partition and offset'))[0]).toBe(newest);
  expect(await looksOf(sent.getByText('Sent', { exact: true }).first())).toEqual({
    ...{ hasIcon: true, isOf: 'good' },
  });
  expect(faults.filter((fault) => !/\b4\d\d\b/.test(fault))).toEqual([]);
});

/** A status: whether it has an icon, and which of the colours of the theme. */
async function looksOf(status: Locator): Promise<{ hasIcon: boolean; isOf: string | undefined }> {
  const colour = await styleOf(status, 'color');
  const hasIcon = (await status.locator('svg').count()) === 1;
  for (const isOf of ['good', 'warn', 'bad']) {
    const probe = status.page().locator(`.text-${isOf}`);
    if ((await probe.count()) > 0 && (await styleOf(probe.first(), 'color')) === colour)
      return { hasIcon, isOf };
  }
  return { hasIcon, isOf: undefined };
}

describe('C-100, C-101 a file', () => {
  async function sendFile({ page }: Visit, text: string, kind: string): Promise<Locator> {
    const panel = page.getByRole('region', { name: 'Bulk from a file' });
    const file = { name: 'records.ndjson', mimeType: 'text/plain', buffer: Buffer.from(text) };
    await panel.getByLabel('File').setInputFiles(file);
    await panel.getByLabel('Each line is').selectOption({ label: kind });
    await panel.getByRole('button', { name: 'Send file' }).click();
    return panel.getByRole('status');
  }

  const JSON_LINES = 'JSON with key, value, partition';

  async function watermarks(topic: string): Promise<number[]> {
    const { data } = await stage.call('GET /api/v1/topics/{name}/partitions', {
      path: { name: topic },
    });
    return data.map(({ high_watermark }) => high_watermark);
  }

  test('of lines is sent in their order, each to its partition', async () => {
    await stage.call('POST /api/v1/topics', { body: { name: 'bulk', partitions: 3 } });
    await using opened = await open('/console?topic=bulk');
    const lines = Array.from({ length: 2_500 }, (_, n) =>
      JSON.stringify({ key: `k-${n}`, value: { n }, partition: 2 }),
    );
    const status = await sendFile(opened, `${lines.join('\n')}\n`, JSON_LINES);
    await status.getByText('2,500 records sent').waitFor();
    expect(await watermarks('bulk')).toEqual([0, 0, 2_500]);
    const { data } = await stage.call('GET /api/v1/consume', {
      query: { topic: 'bulk', partition: 2, offset: 2_499 },
    });
    expect(data.records).toMatchObject([{ key: 'k-2499', value: '{"n":2499}' }]);
    await sendFile(opened, 'one\r\ntwo', 'a value');
    await status.getByText('2 records sent', { exact: true }).waitFor();
    expect(opened.faults).toEqual([]);
  });

  test('with a line that is wrong is told which, and nothing is sent', async () => {
    await using opened = await open('/console?topic=payments');
    const before = await watermarks('payments');
    const status = await sendFile(opened, '{"value": 1}\n{"value": \n{"value": 3}', JSON_LINES);
    await status.getByText('Line 2 is no JSON').waitFor();
    expect(await watermarks('payments')).toEqual(before);
    await sendFile(opened, '{"value": 1}\n{"text": 2}', JSON_LINES);
    await status.getByText('Line 2 has no "value"').waitFor();
    expect(await watermarks('payments')).toEqual(before);
    expect(opened.faults).toEqual([]);
  });

  test('with a record that has no place is told why, within the page of a phone, and nothing is sent', async () => {
    await using opened = await open('/console?topic=payments', PHONE);
    const before = await watermarks('payments');
    const lines = [0, 77].map((partition) => JSON.stringify({ value: 'x', partition }));
    const status = await sendFile(opened, lines.join('\n'), JSON_LINES);
    await status.getByText('partition must be in 0..3 of payments, got 77').waitFor();
    expect(await watermarks('payments')).toEqual(before);
    expect(await overflowOf(opened.page)).toBe(0);
    expect(await violationsOf(opened.page)).toEqual([]);
  });
});
