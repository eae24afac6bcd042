/** Monitoring while records flow: figures that come over the socket, and what they were. */
import type { Page, WebSocket } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readBy } from './consumers.ts';
import { columnOf, figureOf, PATIENCE, searchOf, settled } from './looks.ts';
import { keepSending, send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
let flow: AsyncDisposable;
beforeAll(async () => {
  stage = await startStage({ agents: 2 });
  for (const [name, partitions] of Object.entries({ clicks: 5, orders: 3, payments: 4 }))
    await stage.call('POST /api/v1/topics', { body: { name, partitions } });
  await send(stage.call, 'payments', 10, { partition: 0 });
  await readBy(stage, 'slow', 'payments', 10);
  await send(stage.call, 'payments', 1_480, { partition: 0 });
  await readBy(stage, 'quick', 'payments', 1_490);
  await send(stage.call, 'payments', 20, { partition: 0 });
  flow = keepSending(stage.call, 'orders');
});
afterAll(async () => {
  await flow?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

test('C-030, C-033..035, C-040 six cards, topics, lag and resources, in units that people read', async () => {
  await using visited = await visit(stage, '/monitoring');
  const { page, faults } = visited;
  await page.getByText('Healthy: 2 agents, 12 partitions, each with a leader').waitFor();
  await expect.poll(() => figureOf(page, 'Topics'), PATIENCE).toBe('3');
  expect(await figureOf(page, 'Partitions')).toBe('12');
  expect(await figureOf(page, 'Consumer groups')).toBe('2');
  await expect
    .poll(async () => Number(await figureOf(page, 'Connections')), PATIENCE)
    .toBeGreaterThan(0);
  for (const label of ['Memory of agents', 'Disk (object store)']) {
    expect(await figureOf(page, label)).toMatch(/^[\d,]{5,} bytes$/);
    expect(await page.locator(`dt:text-is("${label}") + dd`).textContent()).toMatch(
      /^[\d.]+ [KMG]iB$/,
    );
  }
  const topics = page.getByRole('table', { name: 'Topics' });
  for (const sort of ['partitions', '-partitions']) {
    await topics.getByRole('button', { name: 'Partitions' }).click();
    await expect.poll(() => searchOf(page, 'sort'), PATIENCE).toBe(sort);
  }
  expect(await columnOf(topics, 'Name')).toEqual(['clicks', 'payments', 'orders']);
  expect((await columnOf(topics, 'Messages')).slice(0, 2)).toEqual(['0', '1.51 k']);
  expect((await columnOf(topics, 'Size'))[1]).toMatch(/ KiB$/);
  await expect
    .poll(async () => (await columnOf(topics, 'Produce rate'))[2], PATIENCE)
    .toMatch(/^[1-9].*\/s$/);
  const lags = page.getByRole('table', { name: 'Consumer lag' });
  expect(await columnOf(lags, 'Group')).toEqual(['slow', 'quick']);
  expect(await columnOf(lags, 'Lag')).toEqual(['1.50 k', '20']);
  expect(await columnOf(lags, 'State')).toEqual(['Lagging', 'Normal']);
  expect(await columnOf(lags, 'Topics')).toEqual(['payments', 'payments']);
  const resources = page.getByRole('region', { name: 'Resources' });
  await resources.getByText('12 of 12').waitFor();
  const healthy = resources.getByRole('progressbar', { name: 'Agents that are healthy' });
  expect([await healthy.getAttribute('value'), await healthy.getAttribute('max')]).toEqual([
    '2',
    '2',
  ]);
  expect(faults).toEqual([]);
});

const CHARTS = {
  Records: { series: ['produced', 'fetched'], value: /^([\d.]+ ?[kM]?\/s|—)$/ },
  'Produce latency': { series: ['p50', 'p95', 'p99'], value: /^([\d.]+ ms|—)$/ },
  'Fetch latency': { series: ['p50', 'p95', 'p99'], value: /^([\d.]+ ms|—)$/ },
  Bytes: { series: ['produced', 'fetched'], value: /^([\d.]+ (B|KiB|MiB)\/s|—)$/ },
} as const;

test('C-031, C-032, C-036 charts that are drawn, with their last values, and as tables', async () => {
  await using visited = await visit(stage, '/monitoring');
  const { page, faults } = visited;
  for (const [title, { series, value }] of Object.entries(CHARTS)) {
    const chart = page.getByRole('region', { name: title, exact: true });
    const legend = chart.getByRole('listitem');
    for (const [index, name] of series.entries())
      expect(await legend.nth(index).textContent()).toMatch(new RegExp(`^${name}`));
    if (title !== 'Fetch latency')
      await expect.poll(() => inkOf(page, title), PATIENCE).toBeGreaterThan(20);
    await chart.getByRole('button', { name: `${title} as a table` }).click();
    const rows = chart.getByRole('row');
    await expect.poll(() => rows.count(), PATIENCE).toBeGreaterThan(2);
    expect(await rows.first().getByRole('columnheader').allTextContents()).toEqual([
      'Time',
      ...series,
    ]);
    const [time = '', ...values] = await rows.nth(1).getByRole('cell').allTextContents();
    expect(time).toMatch(/^\d\d:\d\d:\d\d$/);
    for (const text of values) expect(text).toMatch(value);
    await chart.getByRole('button', { name: `${title} as a chart` }).click();
  }
  const produced = async (): Promise<number> =>
    Number.parseFloat((await lastOf(page, 'Records', 'produced')).replace('produced', ''));
  await expect.poll(produced, PATIENCE).toBeGreaterThan(1);
  const [p50, p95, p99] = await Promise.all(
    ['p50', 'p95', 'p99'].map(async (name) =>
      Number.parseFloat((await lastOf(page, 'Produce latency', name)).replace(name, '')),
    ),
  );
  expect(p50).toBeGreaterThan(0);
  expect(p95).toBeGreaterThanOrEqual(p50!);
  expect(p99).toBeGreaterThanOrEqual(p95!);
  expect(faults).toEqual([]);
});

test('C-031 the charts go on with what the socket tells', async () => {
  await using visited = await visit(stage, '/monitoring');
  const { page, faults } = visited;
  await page.getByRole('button', { name: 'Records as a table' }).click();
  const rows = page.getByRole('region', { name: 'Records in figures' }).getByRole('row');
  const newest = async (): Promise<string | undefined> =>
    (await rows.nth(1).getByRole('cell').allTextContents())[0];
  await expect.poll(newest, PATIENCE).toBeDefined();
  for (let told = 0; told < 3; told++) {
    const before = await newest();
    await expect.poll(newest, PATIENCE).not.toBe(before);
  }
  expect(faults).toEqual([]);
});

async function lastOf(page: Page, chart: string, series: string): Promise<string> {
  const legend = page.getByRole('region', { name: chart, exact: true }).getByRole('listitem');
  return (await legend.filter({ hasText: series }).textContent()) ?? '';
}

/** Points of a chart that have something drawn on them. */
async function inkOf(page: Page, title: string): Promise<number> {
  const canvas = page.getByRole('region', { name: title, exact: true }).locator('canvas');
  return await canvas.evaluate((element) => {
    const { width, height } = element;
    const { data } = element.getContext('2d').getImageData(0, 0, width, height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 200) count++;
    return count;
  });
}

test('C-037 an address that asks for more than the server tells is answered as often as it tells', async () => {
  const sockets: WebSocket[] = [];
  await using visited = await visit(stage, '/dashboard');
  const { page, faults } = visited;
  page.on('websocket', (socket) => sockets.push(socket));
  await page.goto(`${stage.url}/monitoring?every=1`);
  await expect.poll(() => sockets.length, PATIENCE).toBe(1);
  expect(await page.getByLabel('Interval').inputValue()).toBe('2');
  expect(await pauseOf(sockets[0]!, 1)).toBeGreaterThan(1_500);
  expect(faults).toEqual([]);
});

test('C-037, C-041 the socket brings figures every 2 s, or as often as chosen, and only what is other is drawn', async () => {
  const sockets: WebSocket[] = [];
  await using visited = await visit(stage, '/dashboard');
  const { page, faults } = visited;
  page.on('websocket', (socket) => sockets.push(socket));
  await page.getByRole('link', { name: 'Monitoring' }).first().click();
  await expect.poll(() => sockets.length, PATIENCE).toBe(1);
  await sockets[0]!.waitForEvent('framereceived');
  await settled(page);
  const messages = async (): Promise<string | undefined> =>
    (await columnOf(page.getByRole('table', { name: 'Topics' }), 'Messages'))[1];
  const before = await messages();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.evaluate(WATCH_ELEMENTS);
  expect(await pauseOf(sockets[0]!, 2)).toBeLessThan(3_500);
  expect(await page.evaluate('made')).toEqual([]);
  expect(await messages()).not.toBe(before);
  expect(asked).not.toContain('/api/monitoring/metrics');
  await page.getByLabel('Interval').selectOption({ label: 'every 5 s' });
  await expect.poll(() => sockets.length, PATIENCE).toBe(2);
  expect(searchOf(page, 'every')).toBe('5');
  expect(await pauseOf(sockets[1]!, 1)).toBeGreaterThan(3_500);
  expect(faults).toEqual([]);
});

/** Milliseconds between frames, on the average of so many. */
async function pauseOf(socket: WebSocket, count: number): Promise<number> {
  await socket.waitForEvent('framereceived');
  const begunMs = Date.now();
  for (let seen = 0; seen < count; seen++) await socket.waitForEvent('framereceived');
  return (Date.now() - begunMs) / count;
}

/** Notes every element that is put into the page from now on. */
const WATCH_ELEMENTS = `
  window.made = [];
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes]))
      if (node instanceof Element) made.push(node.outerHTML);
  }).observe(document, { subtree: true, childList: true });
`;

test('C-038 the last minute, or up to the last hour, as the address says', async () => {
  await using visited = await visit(stage, '/monitoring');
  const { page, faults } = visited;
  const asked = (seconds: number): Promise<unknown> =>
    page.waitForResponse((got) => got.url().endsWith(`/metrics/history?seconds=${seconds}`));
  await asked(60);
  for (const [label, seconds] of [
    ['Last 5 min', 300],
    ['Last 15 min', 900],
    ['Last 1 h', 3_600],
  ] as const) {
    const answered = asked(seconds);
    await page.getByLabel('Window').selectOption({ label });
    await answered;
    expect(searchOf(page, 'range')).toBe(String(seconds));
  }
  const again = asked(3_600);
  await page.reload();
  await again;
  await settled(page);
  expect(await page.getByLabel('Window').inputValue()).toBe('3600');
  expect(faults).toEqual([]);
});
