/** The dashboard while records flow, and what people may choose about how pages look and how often they look again. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { columnOf, figureOf, PATIENCE, settled, styleOf } from './looks.ts';
import { keepSending, send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CLUSTER = '/api/v1/metrics';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 2 });
  for (const name of ['orders', 'clicks'])
    await stage.call('POST /api/v1/topics', { body: { name, partitions: 3 } });
  await send(stage.call, 'orders', 300);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('C-020..023 it counts topics, agents and messages, shows the newest of them, and its figures move', async () => {
  await using visited = await visit(stage, '/dashboard');
  const { page, faults } = visited;
  await page.getByText('Healthy: 2 agents, 6 partitions, each with a leader').waitFor();
  expect(await figureOf(page, 'Total topics')).toBe('2');
  expect(await figureOf(page, 'Total agents')).toBe('2');
  await expect.poll(() => figureOf(page, 'Total messages'), PATIENCE).toBe('300');
  const topics = page.getByRole('table', { name: 'Recent topics' });
  expect(await columnOf(topics, 'Name')).toEqual(['clicks', 'orders']);
  expect(await columnOf(topics, 'Messages')).toEqual(['0', '300']);
  const agents = page.getByRole('table', { name: 'Active agents' });
  expect(await columnOf(agents, 'Agent ID')).toEqual(['agent-0', 'agent-1']);
  expect(await columnOf(agents, 'Status')).toEqual(['Healthy', 'Healthy']);
  await using _flow = keepSending(stage.call, 'clicks');
  await expect.poll(() => rateOf(page), PATIENCE).toBeGreaterThan(0);
  const messages = async (): Promise<number> =>
    (await columnOf(topics, 'Messages')).map(Number)[0]!;
  await expect.poll(messages, PATIENCE).toBeGreaterThan(0);
  await expect.poll(() => figureOf(page, 'Total messages'), PATIENCE).not.toBe('300');
  expect(faults).toEqual([]);
});

test('C-010, C-024 it looks again every 5 s, or as often as somebody chose, also after a reload', async () => {
  await using visited = await visit(stage, '/dashboard');
  const { page } = visited;
  expect(await pauseOf(page)).toBeGreaterThan(4_500);
  await choose(page, 'Refresh', 'Every 2 s');
  await page.reload();
  await settled(page);
  const pauseMs = await pauseOf(page);
  expect(pauseMs).toBeGreaterThan(1_500);
  expect(pauseMs).toBeLessThan(4_500);
});

test('rows, zone and theme are as somebody chose, also on the next page and after a reload', async () => {
  await using visited = await visit(stage, '/topics', { colorScheme: 'light' });
  const { page, faults } = visited;
  await settled(page);
  const row = page.getByRole('table', { name: 'Topics' }).getByRole('row').nth(1);
  expect((await row.boundingBox())?.height).toBe(32);
  expect(await row.getByRole('time').textContent()).toMatch(/ (GMT\+[12]|CES?T)$/);
  await choose(page, 'Rows', 'Comfortable');
  await choose(page, 'Times', 'UTC');
  await choose(page, 'Theme', 'Dark');
  for (const step of [() => page.reload(), () => page.goto(`${stage.url}/topics?sort=-name`)]) {
    await step();
    await settled(page);
    expect((await row.boundingBox())?.height).toBe(40);
    expect(await row.getByRole('time').textContent()).toMatch(/ UTC$/);
    expect(await styleOf(page.locator('html'), 'color-scheme')).toBe('dark');
  }
  expect(faults).toEqual([]);
});

/** Records per second; not a number while it is not known. */
async function rateOf(page: Page): Promise<number> {
  return Number.parseFloat((await figureOf(page, 'Throughput')) ?? '');
}

/** Milliseconds between the last two looks at the figures of the cluster, of a page that has just been loaded. */
async function pauseOf(page: Page): Promise<number> {
  const looks = (): Promise<number[]> =>
    page.evaluate<number[]>(
      `performance.getEntries().filter(({ name }) => name.endsWith('${CLUSTER}')).map(({ startTime }) => startTime)`,
    );
  await expect.poll(async () => (await looks()).length, PATIENCE).toBe(2);
  const [first = 0, second = 0] = await looks();
  return second - first;
}

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('button', { name: 'Preferences' }).click();
  const dialog = page.getByRole('dialog', { name: 'Preferences' });
  await dialog.getByLabel(label).selectOption({ label: option });
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}
