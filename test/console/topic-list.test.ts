/** The list of topics and one of them: what the URL says, who owns it, how it is taken away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { columnOf, figureOf, PATIENCE, searchOf, settled } from './looks.ts';
import { keepSending, send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** More than one page of the API. */
const MANY = 230;
const MANIFEST = `
apiVersion: streamhouse.io/v1alpha1
kind: Topic
metadata: { name: invoices, namespace: default }
spec: { partitions: 2, retention: { time: 24h }, pool: default }
`;

let manifests: string;
let stage: Stage;
beforeAll(async () => {
  manifests = await mkdtemp(join(tmpdir(), 'streamhouse-topics-'));
  await writeFile(join(manifests, 'invoices.yaml'), MANIFEST);
  stage = await startStage({ agents: 1, manifests });
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 3 } });
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(manifests, { recursive: true });
});

test('C-050, C-053..057 a topic: its figures in the list, the eye to its details, watermarks that move, its messages', async () => {
  await using visited = await visit(stage, '/topics');
  const { page, faults } = visited;
  await using _flow = keepSending(stage.call, 'orders');
  const list = page.getByRole('table', { name: 'Topics' });
  const orders = list.getByRole('row', { name: 'orders' });
  expect(await columnOf(list, 'Partitions')).toEqual(['2', '3']);
  expect(await columnOf(list, 'Owner')).toEqual([
    'Managed by Kubernetes default/invoices',
    'Managed by API',
  ]);
  const size = (): Promise<string | null> => orders.getByRole('cell').nth(3).textContent();
  await expect.poll(size, PATIENCE).toMatch(/B$/);
  await orders.getByRole('link', { name: 'Details of orders' }).click();
  const facts = page.getByRole('region', { name: 'Topic', exact: true });
  await facts.getByText('object storage').waitFor();
  const created = await facts.getByRole('time').first().getAttribute('datetime');
  expect(Math.abs(Date.now() - Date.parse(created ?? ''))).toBeLessThan(600_000);
  expect(await figureOf(facts, 'Storage')).toMatch(/ bytes$/);
  const table = page.getByRole('table', { name: 'Partitions' });
  expect(await columnOf(table, 'Low watermark')).toEqual(['0', '0', '0']);
  expect(await columnOf(table, 'Leader agent')).toEqual(['agent-0', 'agent-0', 'agent-0']);
  const first = async (): Promise<number> => {
    const [watermark = ''] = await columnOf(table, 'High watermark');
    return Number(watermark.replaceAll(',', ''));
  };
  const before = await first();
  await expect.poll(first, PATIENCE).toBeGreaterThan(before);
  await table.getByRole('link', { name: 'View Messages' }).nth(1).click();
  await page.getByRole('heading', { name: 'Messages of orders' }).waitFor();
  expect(searchOf(page, 'partition')).toBe('1');
  expect(faults).toEqual([]);
});

test('a topic of a resource says whose it is, is read-only, and gives its YAML away', async () => {
  await using visited = await visit(stage, '/topics/invoices', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const { page, faults } = visited;
  await page.getByText('Managed by Kubernetes default/invoices (read-only here)').waitFor();
  expect(await page.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Copy YAML' }).click();
  await page.getByText('The resource is in the clipboard').waitFor();
  const copied = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(parse(copied)).toMatchObject({
    ...{ apiVersion: 'streamhouse.io/v1alpha1', kind: 'Topic' },
    metadata: { name: 'invoices', namespace: 'default' },
    spec: { partitions: 2, retention: { time: '86400000ms' }, pool: 'default' },
  });
  expect(faults).toEqual([]);
});

test('C-052, C-058 a topic goes when its name is typed, after a look at what goes with it', async () => {
  await stage.call('POST /api/v1/topics', { body: { name: 'mistake', partitions: 2 } });
  await send(stage.call, 'mistake', 7);
  await using visited = await visit(stage, '/topics/mistake');
  const { page, faults } = visited;
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete topic mistake' });
  await dialog.getByText('This takes away 2 partitions with 7 messages').waitFor();
  const submit = dialog.getByRole('button', { name: 'Delete topic' });
  const field = dialog.getByLabel('Type mistake to confirm');
  for (const typed of ['mistak', 'Mistake', 'mistake ']) {
    await field.fill(typed);
    expect(await submit.isDisabled()).toBe(true);
    await field.press('Enter');
  }
  expect((await namesIn(page)).includes('mistake')).toBe(true);
  await field.fill('mistake');
  await submit.click();
  await page.getByText('Topic mistake is deleted').waitFor();
  await page.getByRole('table', { name: 'Topics' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/topics');
  await expect.poll(() => namesIn(page), PATIENCE).not.toContain('mistake');
  expect(faults).toEqual([]);
});

test('C-050 the list is sorted, searched and fetched by pages, and a reload keeps all of it', async () => {
  for (let index = 0; index < MANY; index++)
    await stage.call('POST /api/v1/topics', {
      body: { name: `t-${1_000 + index}`, partitions: 1 },
    });
  await using visited = await visit(stage, '/topics');
  const { page, faults } = visited;
  const table = page.getByRole('table', { name: 'Topics' });
  await table.getByRole('link', { name: 'invoices', exact: true }).waitFor();
  await scrollTo(page, table.getByRole('link', { name: `t-${999 + MANY}`, exact: true }));
  await table.getByRole('button', { name: 'Name' }).click();
  await expect.poll(() => searchOf(page, 'sort'), PATIENCE).toBe('-name');
  const last = `t-${999 + MANY}`;
  await expect.poll(async () => (await columnOf(table, 'Name'))[0], PATIENCE).toBe(last);
  await page.reload();
  await expect.poll(async () => (await columnOf(table, 'Name'))[0], PATIENCE).toBe(last);
  await page.keyboard.press('/');
  await page.keyboard.type('T-110');
  await page.getByText('10 topics found').waitFor();
  expect(searchOf(page, 'q')).toBe('T-110');
  await page.reload();
  await page.getByText('10 topics found').waitFor();
  expect(await columnOf(table, 'Name')).toEqual(
    Array.from({ length: 10 }, (_, index) => `t-${1_109 - index}`),
  );
  expect(faults).toEqual([]);
});

async function namesIn(page: Page): Promise<string[]> {
  const { data } = await stage.call('GET /api/v1/topics', { query: { q: 'mistake' } });
  await settled(page);
  return data.map(({ name }) => name);
}

/** Scrolls the list to its end until that is in sight. */
async function scrollTo(page: Page, link: Locator): Promise<void> {
  const list = page.getByRole('group', { name: 'Topics' });
  const isThere = async (): Promise<boolean> => {
    await list.evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
    return await link.isVisible();
  };
  await expect.poll(isThere, PATIENCE).toBe(true);
}
