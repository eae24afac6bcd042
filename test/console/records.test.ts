/** Search in the records of a partition, as people do it: by a text, by an expression, on and on, and not any longer. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { columnOf, overflowOf, searchOf, violationsOf } from './looks.ts';
import { send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ORDERS = 1_200;
const ENDLESS = 'json.exists(a, json.exists(b, json.exists(c, a + b + c < 0.0)))';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 1 });
  const { call } = stage;
  for (const name of ['orders', 'numbers'])
    await call('POST /api/v1/topics', { body: { name, partitions: 1 } });
  await send(call, 'orders', ORDERS);
  const value = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => index));
  await call('POST /api/v1/produce', { body: { topic: 'numbers', value } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

async function look(page: Page, kind: 'Text' | 'CEL', wanted: string): Promise<void> {
  await page.getByLabel('Search by').selectOption({ label: kind });
  await fieldOf(page).fill(wanted);
  await page.getByRole('button', { name: 'Search', exact: true }).click();
}

function fieldOf(page: Page) {
  return page.getByRole('searchbox', { name: /^(Text in|Expression in CEL)/ });
}

async function offsetsOf(page: Page): Promise<readonly string[]> {
  return await columnOf(page.getByRole('table', { name: 'Messages' }), 'Offset');
}

test('C-078 a text is found in key, value and headers, and the URL is the search', async () => {
  await using visited = await visit(stage, '/topics/orders/messages');
  const { page, faults } = visited;
  await page.getByText('100 records shown').waitFor();
  await look(page, 'Text', 'T-1100');
  await page.getByText('1 record found in 1,200, to the end').waitFor();
  expect(await offsetsOf(page)).toEqual(['1100']);
  expect(searchOf(page, 'q')).toBe('T-1100');
  await page.reload();
  await page.getByText('1 record found in 1,200, to the end').waitFor();
  expect(await fieldOf(page).inputValue()).toBe('T-1100');
  await look(page, 'Text', 'customer-3');
  await page.getByText('171 records found in 1,200, to the end').waitFor();
  await look(page, 'Text', 'nobody');
  await page.getByText('Nothing found so far').waitFor();
  await fieldOf(page).fill('');
  await page.getByText('100 records shown').waitFor();
  expect(searchOf(page, 'q')).toBeNull();
  expect(faults).toEqual([]);
});

test('C-078 an expression finds records, tells of those it fails on, and stands in the URL', async () => {
  await using visited = await visit(stage, '/topics/orders/messages?offset=1000&max=50');
  const { page, faults } = visited;
  await look(page, 'CEL', 'json.order > 1150 && headers.trace.endsWith("7")');
  await page.getByText('5 records found in 200, to the end').waitFor();
  expect(await offsetsOf(page)).toEqual(['1157', '1167', '1177', '1187', '1197']);
  await page.getByRole('link', { name: '1167' }).click();
  await page.getByRole('region', { name: 'Record 1167' }).getByText('"order": 1167').waitFor();
  await page.reload();
  await page.getByText('5 records found in 200, to the end').waitFor();
  expect(await page.getByLabel('Search by').inputValue()).toBe('filter');
  expect(await fieldOf(page).inputValue()).toContain('endsWith("7")');
  await look(page, 'CEL', 'json.discount > 1');
  const failed = 'the expression failed on 200, first at offset 1,000: No such key: discount';
  await page.getByText(failed).waitFor();
  expect(faults).toEqual([]);
});

test('C-078 an expression that is wrong says so at its field, and stays there', async () => {
  await using visited = await visit(stage, '/topics/orders/messages');
  const { page } = visited;
  await look(page, 'CEL', 'json.order ==');
  const alert = page.getByRole('alert').filter({ hasText: 'Unexpected token' });
  expect(await alert.textContent()).toBe('Unexpected token: EOF (at character 14)');
  expect(await fieldOf(page).getAttribute('aria-invalid')).toBe('true');
  expect(await fieldOf(page).inputValue()).toBe('json.order ==');
  await fieldOf(page).fill('json.order == 8');
  await page.keyboard.press('Enter');
  await page.getByText('1 record found in 1,200, to the end').waitFor();
  await alert.waitFor({ state: 'detached' });
});

test('C-078 a search goes on where it stopped, and stops when it is told to', async () => {
  await send(stage.call, 'numbers', 600);
  await using visited = await visit(stage, '/topics/numbers/messages');
  const { page } = visited;
  await look(page, 'Text', 'customer-');
  await page.getByText(/^500 records found in 501/).waitFor();
  await page.getByRole('button', { name: 'Search on' }).click();
  await page.getByText('100 records found in 100, to the end').waitFor();
  const asked = page.waitForRequest(/\/api\/v1\/search/);
  const givenUp = page.waitForEvent('requestfailed', (request) =>
    request.url().includes('/api/v1/search'),
  );
  await look(page, 'CEL', ENDLESS);
  await asked;
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect((await givenUp).failure()?.errorText).toBe('net::ERR_ABORTED');
  await page.getByRole('button', { name: 'Search', exact: true }).waitFor();
  await page.getByText('0 records found in 0').waitFor();
  // Left alone it ends as well: the first record takes too long.
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('takes too long, or too much memory, at offset 0').waitFor();
});

test.each(['light', 'dark'] as const)(
  'a search is for everyone, on a phone as well: %s',
  async (colorScheme) => {
    const expressions = ['json.discount > 1', 'json.order =='].map(encodeURIComponent);
    for (const filter of expressions) {
      const path = `/topics/orders/messages?filter=${filter}`;
      await using visited = await visit(stage, path, { ...PHONE, colorScheme });
      const { page } = visited;
      await page.getByText(/No such key|Unexpected token/).waitFor();
      for (const width of [360, 768, 1280]) {
        await page.setViewportSize({ width, height: 844 });
        expect(await overflowOf(page)).toBe(0);
      }
      expect(await violationsOf(page)).toEqual([]);
    }
  },
);
