/**
 * The budget of the console, with what is a fault as the limit. The best of some runs counts, and of what the main thread does its
 * processor time: whatever else the machine does makes neither less.
 */
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { rssMiB } from '../bench/agent-usage.ts';
import { fillWithMany, TOPICS, WIDE } from '../bench/api/many.ts';
import { BUDGET } from '../bench/console/budget.ts';
import { ENDPOINTS, PAGES, SEARCHES } from '../bench/console/large.ts';
import {
  type ConsolePlace,
  firstRender,
  paintCosts,
  scrollTopics,
  searchMs,
  shownMs,
  ticks,
} from '../bench/console/measure.ts';
import { percentile } from '../bench/stats.ts';
import { type ApiProcess, startApiProcess } from '../harness/api-process.ts';
import { launchBrowser } from '../harness/browser.ts';
import { buildConsole, keepSending, startStage } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const RUNS = 4;
const TICKS = 20;
const P95 = 0.95;

/** Takes as many runs as it needs. */
async function expectWithin(limit: number, run: () => Promise<number>): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < RUNS && best > limit; count++) best = Math.min(best, await run());
  expect(best).toBeLessThanOrEqual(limit);
}

describe('with 10,000 topics and 1,000 groups', () => {
  let database: TestDatabase;
  let api: ApiProcess;
  let browser: Browser;
  let place: ConsolePlace;

  beforeAll(async () => {
    await buildConsole();
    database = await createTestDatabase();
    await fillWithMany(database.url);
    api = await startApiProcess({ postgresUrl: database.url });
    browser = await launchBrowser();
    place = { browser, url: api.url, key: api.key };
  });
  afterAll(async () => {
    await browser?.close();
    await api?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  test.each(Object.entries(ENDPOINTS))('GET %s is answered', async (_, ask) => {
    await expectWithin(BUDGET.answer.fail, async () => {
      const startMs = performance.now();
      await ask(api.call);
      return performance.now() - startMs;
    });
  });

  test.each(Object.entries(PAGES))('%s is seen', async (path, selector) => {
    await expectWithin(BUDGET.answer.fail, () => shownMs(place, path, selector));
  });

  test.each(Object.entries(SEARCHES))('%s: found', async (_, search) => {
    await expectWithin(BUDGET.answer.fail, () => searchMs(place, search));
  });

  test.each(['/topics', '/monitoring'])('%s is painted', async (path) => {
    // What is over of either, in its share of what it may be.
    await expectWithin(1, async () => {
      const { first, largest } = await paintCosts(place, path);
      return Math.max(
        first.cpuMs / BUDGET.firstPaint.fail,
        largest.cpuMs / BUDGET.largestPaint.fail,
      );
    });
  });

  test('a table of 1,000 rows is rendered', async () => {
    const render = async () => (await firstRender(place, WIDE.name)).cpuMs;
    await expectWithin(BUDGET.firstRender.fail, render);
  });

  test('10,000 rows are scrolled', async () => {
    const scroll = async () => (await scrollTopics(place, TOPICS)).longest.cpuMs;
    await expectWithin(BUDGET.frame.fail, scroll);
  });

  test('after all that the API is as small', async () => {
    expect(await rssMiB(api.operator.pid)).toBeLessThanOrEqual(BUDGET.memory.fail);
  });
});

test('a live tick while records come', async () => {
  await using stage = await startStage({ agents: 1 });
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 3 } });
  await using _sending = keepSending(stage.call, 'orders');
  await expectWithin(BUDGET.tick.fail, async () => {
    const busy = await ticks(stage, TICKS);
    return percentile(
      busy.map(({ cpuMs }) => cpuMs),
      P95,
    );
  });
});
