/** How pages lie on the screen: they do not jump, what is clicked is large enough, and they fit when they are twice as large. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { readBy } from './consumers.ts';
import { overflowOf, PAGES, settled } from './looks.ts';
import { send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** As the browser has it at 1280 x 800 and 200 %. */
const ZOOMED = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 } as const;

/** Notes what moved without anybody having asked for it, and how much. */
const WATCH_SHIFTS = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const moved = sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 120));
      window.shifts.push(value + ' ' + moved.join(' and '));
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 2 });
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 6 } });
  for (let index = 0; index < 24; index++)
    await stage.call('POST /api/v1/topics', { body: { name: `topic-${index}`, partitions: 1 } });
  await send(stage.call, 'orders', 100);
  await send(stage.call, 'orders', 10, { partition: 1 });
  await readBy(stage, 'billing', 'orders', 50);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

describe('while a page loads, it does not jump', () => {
  test.each(PAGES)('%s', async (path) => {
    for (const options of [{}, PHONE]) {
      await using visited = await visit(stage, '/nothing/here', options);
      const { page } = visited;
      await page.addInitScript(WATCH_SHIFTS);
      await page.goto(`${stage.url}${path}`);
      await settled(page);
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined);
      const shifts = await page.evaluate<string[]>('shifts');
      const total = shifts.reduce((sum, shift) => sum + Number.parseFloat(shift), 0);
      expect(total > 0.02 ? shifts : []).toEqual([]);
    }
  });
});

describe('what is clicked is large enough', () => {
  test.each(PAGES)('%s', async (path) => {
    for (const [options, size] of [
      [{}, 24],
      [PHONE, 44],
    ] as const) {
      await using visited = await visit(stage, path, options);
      await settled(visited.page);
      expect([size, await smallTargets(visited.page, size)]).toEqual([size, []]);
    }
  });

  /** What can be clicked where it is seen, and is smaller than that many pixels. */
  async function smallTargets(page: Page, size: number): Promise<string[]> {
    const targets = page.locator(
      'a[href], button, input, select, textarea, summary, [role=option]',
    );
    return await targets.evaluateAll((all, least) => {
      const small: string[] = [];
      for (const element of all) {
        if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('.sr-only'))
          continue;
        const box = element.getBoundingClientRect();
        let { width, height } = box;
        // A link of a row takes all of it.
        const row = element.matches('.row-link') ? element.closest('[role=row]') : null;
        if (row !== null) ({ width, height } = row.getBoundingClientRect());
        if (Math.round(width) < least && Math.round(height) < least)
          small.push(`${width} x ${height}: ${element.outerHTML}`);
        else if (Math.round(height) < least || Math.round(width) < Math.min(least, 24))
          small.push(`${width} x ${height}: ${element.outerHTML}`);
      }
      return small;
    }, size);
  }
});

test.each(PAGES)(
  'C-002, C-003 %s has no sideways scroll at twice its size and from 360 to 1280 pixels',
  async (path) => {
    await using zoomed = await visit(stage, path, ZOOMED);
    const { page } = zoomed;
    await settled(page);
    for (const width of [640, 360, 390, 768, 1_280]) {
      await page.setViewportSize({ width, height: 400 });
      expect([width, await overflowOf(page)]).toEqual([width, 0]);
    }
  },
);

test('twenty topics are seen at once, and the cards and charts of monitoring without a scroll', async () => {
  await using topics = await visit(stage, '/topics');
  await settled(topics.page);
  const rows = topics.page
    .getByRole('table', { name: 'Topics' })
    .locator('[role=row]:has([role=cell])');
  const whole = await rows.evaluateAll(
    (all) => all.filter((row) => row.getBoundingClientRect().bottom <= 800).length,
  );
  expect(whole).toBeGreaterThanOrEqual(20);
  await using monitoring = await visit(stage, '/monitoring');
  for (const name of ['Records', 'Produce latency', 'Bytes', 'Fetch latency']) {
    const box = await monitoring.page.getByRole('region', { name, exact: true }).boundingBox();
    expect(box!.y + box!.height).toBeLessThanOrEqual(800);
  }
});
