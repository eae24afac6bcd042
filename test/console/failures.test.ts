/** What people see while nothing answers: late, not at all, or not any more; and that it comes back by itself. */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import { openProxy, type Proxy } from '@streamhouse/store/metadata/pg/proxy.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { pausePostgres } from '../harness/postgres-pause.ts';
import { type RestApi, startRest } from '../harness/rest.ts';
import { readBy } from './consumers.ts';
import { columnOf, figureOf, overflowOf, PATIENCE, settled, violationsOf } from './looks.ts';
import { looking, send, type Stage, startStage, type Visit, visit } from './stage.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Every page that asks the server, and a table that it has once it is answered. */
const PAGES: Readonly<Record<string, string>> = {
  '/dashboard': 'Recent topics',
  '/topics': 'Topics',
  '/topics/orders': 'Partitions',
  '/topics/orders/messages?partition=1': 'Messages',
  '/agents': 'Agents',
  '/agents/agent-0': 'Managed partitions',
  '/consumer-groups': 'Consumer groups',
  '/consumer-groups/billing': 'Offsets',
  '/monitoring': 'Consumer lag',
};

let parts: AsyncDisposableStack;
let stage: Stage;
/** Between the API and Postgres. */
let proxy: Proxy;
let metadata: OperatorMetadata;
let api: RestApi;

beforeAll(async () => {
  await using made = new AsyncDisposableStack();
  stage = made.use(await startStage({ agents: 1 }));
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 6 } });
  for (let index = 1; index < 20; index++)
    await stage.call('POST /api/v1/topics', { body: { name: `topic-${index}`, partitions: 1 } });
  await send(stage.call, 'orders', 10, { partition: 1 });
  await readBy(stage, 'billing', 'orders', 10);
  proxy = made.use(await openProxy(stage.cluster.postgres.url));
  metadata = made.use(
    await openPgMetadata({
      ...{ url: proxy.url, applicationName: 'test-console' },
      ...{ clock: systemClock, random: Math.random, onError: () => undefined },
    }),
  );
  api = await startRest(metadata);
  made.defer(() => api[Symbol.asyncDispose]());
  parts = made.move();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

async function open(path: string, options = {}): Promise<Visit> {
  return await visit({ browser: stage.browser, url: api.url }, path, options);
}

/** The server goes, with all of its connections, and comes back at the same port with the dispose. */
async function withoutServer(): Promise<AsyncDisposable> {
  const { port } = api;
  await api[Symbol.asyncDispose]();
  return {
    async [Symbol.asyncDispose]() {
      api = await startRest(metadata, { port });
    },
  };
}

/** Resolves once a socket that is opened from now on brings a frame; those before it may have been refused. */
function frameOfNextSocket(page: Page): Promise<void> {
  return new Promise((resolve) => {
    page.on('websocket', (socket) => socket.once('framereceived', () => resolve()));
  });
}

/** Of an element with all that it is in. */
async function opacityOf(locator: Locator): Promise<number> {
  return await locator.evaluate((element) => {
    let opacity = 1;
    for (let at = element; at !== null; at = at.parentElement)
      opacity *= at.computedStyleMap().get('opacity').value;
    return opacity;
  });
}

/** Notes when the first bones are made, and when they are seen, by the clock of the frames. */
const WATCH_BONES = `
  const bones = { madeMs: 0, seenMs: 0 };
  window.bones = bones;
  new MutationObserver(() => {
    if (document.querySelector('.late') !== null) bones.madeMs ||= document.timeline.currentTime;
  }).observe(document, { subtree: true, childList: true });
  const look = () => {
    const late = document.querySelector('.late');
    const isSeen = late !== null && getComputedStyle(late).visibility === 'visible';
    if (isSeen) bones.seenMs = document.timeline.currentTime;
    else requestAnimationFrame(look);
  };
  look();
`;

describe('C-006, C-042 what is late', () => {
  /** Whose bones have as many rows as the real thing here. */
  const SAME: Readonly<Record<string, readonly string[]>> = {
    '/topics': ['Topics'],
    '/topics/orders': ['Topic', 'Partitions'],
    '/agents/agent-0': ['Agent'],
    '/consumer-groups/billing': ['Group', 'Offsets'],
    '/monitoring': ['Resources'],
  };

  test.each(Object.entries(SAME))(
    '%s shows bones of its size, though not at once, and then itself',
    async (path, same) => {
      await using visited = await open('/console');
      const { page, faults } = visited;
      await page.addInitScript(WATCH_BONES);
      const late = await pausePostgres(stage.cluster.postgres.pid!);
      let heights: ReadonlyMap<string, number>;
      try {
        await page.goto(`${api.url}${path}`);
        await page.locator('.late').first().waitFor();
        heights = await heightsOf(page);
        expect(await page.evaluate('bones.seenMs - bones.madeMs')).toBeGreaterThan(140);
        expect(await violationsOf(page)).toEqual([]);
      } finally {
        await late[Symbol.asyncDispose]();
      }
      await page.getByRole('table', { name: PAGES[path]! }).waitFor();
      await settled(page);
      const after = await heightsOf(page);
      expect(same.map((name) => [name, after.get(name)])).toEqual(
        same.map((name) => [name, heights.get(name)]),
      );
      // What was asked for too long was refused.
      expect(faults.filter((fault) => !/\b503\b/.test(fault))).toEqual([]);
    },
  );

  test('bones do not move for those who want no motion', async () => {
    const late = await pausePostgres(stage.cluster.postgres.pid!);
    try {
      for (const [reducedMotion, moving] of [
        ['reduce', 0],
        ['no-preference', 1],
      ] as const) {
        await using visited = await open('/topics', { reducedMotion });
        await visited.page.locator('.bone').first().waitFor();
        const running = visited.page
          .locator('.bone')
          .first()
          .evaluate((bone) => bone.getAnimations().length);
        expect(await running).toBe(moving);
      }
    } finally {
      await late[Symbol.asyncDispose]();
    }
  });

  /** Of the panels of a page, by their names, in pixels. */
  async function heightsOf(page: Page): Promise<ReadonlyMap<string, number>> {
    const panels = await page
      .locator('section[aria-label]')
      .evaluateAll((all) =>
        all.map((panel) => [panel.ariaLabel ?? '', panel.getBoundingClientRect().height] as const),
      );
    return new Map(panels);
  }
});

describe('C-009 when the API fails', () => {
  test('every page says so in both themes, keeps nobody out, and shows what there is after a retry', async () => {
    await using visits = new AsyncDisposableStack();
    proxy.cut();
    let opened: readonly (Visit & { readonly path: string })[];
    try {
      opened = await Promise.all(
        Object.keys(PAGES).map(async (path) => ({
          ...{ path, ...visits.use(await open(path, looking(api, 'only when asked'))) },
        })),
      );
      for (const { path, page } of opened) {
        const panel = page.getByRole('region', { name: PAGES[path]!, exact: true });
        await panel.getByRole('button', { name: 'Retry' }).waitFor();
        expect((await panel.getByRole('alert').textContent())?.length).toBeGreaterThan(10);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect([path, await violationsOf(page)]).toEqual([path, []]);
          await page.setViewportSize(PHONE.viewport);
          expect([path, await overflowOf(page)]).toEqual([path, 0]);
        }
      }
      const dashboard = opened.find(({ path }) => path === '/dashboard')!.page;
      expect(await figureOf(dashboard, 'Total topics')).toBe('not known');
      const verdict = dashboard.getByRole('status', { name: 'Health' });
      await expect.poll(() => verdict.textContent(), PATIENCE).toMatch(/^Unknown: /);
    } finally {
      proxy.mend();
    }
    for (const { path, page } of opened) {
      const retry = page.getByRole('button', { name: 'Retry' });
      // Some have looked again by themselves.
      for (let left = await retry.count(); left > 0; left--)
        await retry
          .first()
          .click({ timeout: 1_000 })
          .catch(() => undefined);
      await page.getByRole('table', { name: PAGES[path]! }).waitFor();
    }
  });

  test('what was there stays, dimmed, and comes back by itself', async () => {
    await using visited = await open('/agents', PHONE);
    const { page } = visited;
    const table = page.getByRole('table', { name: 'Agents' });
    await table.waitFor();
    expect(await opacityOf(table)).toBe(1);
    {
      await using _gone = await withoutServer();
      await page.getByText('Not up to date').waitFor();
      expect(await opacityOf(table)).toBeLessThan(1);
      expect(await columnOf(table, 'Agent ID')).toEqual(['agent-0']);
      await expect.poll(() => page.title(), PATIENCE).toBe('✖ Agents · StreamHouse');
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
    }
    await page.getByText('Not up to date').waitFor({ state: 'detached' });
    await expect.poll(() => opacityOf(table), PATIENCE).toBe(1);
    await expect.poll(() => page.title(), PATIENCE).toBe('Agents · StreamHouse');
  });

  test('forms keep what was typed, say why, and can be sent again', async () => {
    await using visited = await open('/topics?create=true');
    const { page } = visited;
    const dialog = page.getByRole('dialog', { name: 'Create Topic' });
    await dialog.getByLabel('Name').fill('second-try');
    await dialog.getByLabel('Partitions').fill('2');
    await using producer = await open('/console?topic=orders');
    const form = producer.page.getByRole('form', { name: 'Send a record' });
    await form.getByLabel('Value', { exact: true }).fill('{"kept": true}');
    {
      await using _gone = await withoutServer();
      await dialog.getByRole('button', { name: 'Create' }).click();
      await dialog.getByText('The server cannot be reached').waitFor();
      expect(await dialog.getByLabel('Name').inputValue()).toBe('second-try');
      expect(await dialog.getByLabel('Partitions').inputValue()).toBe('2');
      expect(await violationsOf(page)).toEqual([]);
      await form.getByRole('button', { name: 'Send' }).click();
      const sent = producer.page.getByRole('table', { name: 'Last records' });
      await sent.getByText('Failed').waitFor();
      await sent.getByText('The server cannot be reached').waitFor();
      expect(await form.getByLabel('Value', { exact: true }).inputValue()).toBe('{"kept": true}');
    }
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Topic second-try is made').waitFor();
    await form.getByRole('button', { name: 'Send' }).click();
    await producer.page.getByRole('link', { name: / @ / }).waitFor();
  });
});

test('C-039 a socket that is cut is told, dims what it brought, and comes back by itself', async () => {
  await using visited = await open('/monitoring');
  const { page } = visited;
  const topics = page.getByRole('table', { name: 'Topics' });
  await topics.waitFor();
  const word = page.getByText('Reconnecting');
  expect(await word.count()).toBe(0);
  expect(await opacityOf(topics)).toBe(1);
  let brought: Promise<void>;
  {
    await using _gone = await withoutServer();
    await word.waitFor();
    expect(await opacityOf(topics)).toBeLessThan(1);
    await expect.poll(() => page.title(), PATIENCE).toMatch(/^✖ Monitoring/);
    expect(await violationsOf(page)).toEqual([]);
    brought = frameOfNextSocket(page);
  }
  await brought;
  await word.waitFor({ state: 'detached' });
  await expect.poll(() => opacityOf(topics), PATIENCE).toBe(1);
  const messages = async (): Promise<string | undefined> => (await columnOf(topics, 'Messages'))[0];
  const before = Number(await messages());
  await send(stage.call, 'orders', 5, { partition: 1 });
  await expect.poll(messages, PATIENCE).toBe(String(before + 5));
});
