/** One measurement of the console each, in a real browser. */
import { SESSION_COOKIE } from '@streamhouse/api/rest/openapi.ts';
import type { Browser, Page } from 'playwright-core';
import { DESKTOP, PLACE } from '../../harness/browser.ts';
import { until } from '../../harness/until.ts';
import {
  answeredMs,
  markArrivals,
  markedMs,
  markSight,
  nextFrames,
  paints,
  scrollThrough,
  type Sight,
} from './in-page.ts';
import { type Busy, MainThread, TRACED, type TraceEvent } from './trace.ts';

export interface ConsolePlace {
  readonly browser: Browser;
  readonly url: string;
  /** Of the API; absent: it asks for none. */
  readonly key?: string;
}

interface Opened extends AsyncDisposable {
  readonly page: Page;
}

const WAIT_MS = 60_000;
const POLL_MS = 20;
/** The first row of any table. */
export const FIRST_ROW = '[role="row"][aria-rowindex="2"]';
const READY: Sight = { name: 'ready', selector: FIRST_ROW };
const WARM_FRAMES = 3;
/** By then all of it is drawn, and the next frame has not come. */
const TICK_MS = 500;

interface Watch {
  /** Marked when it is seen. */
  readonly sight?: Sight;
  readonly onFrame?: () => void;
}

/** A page with nothing kept from those before: no file, no connection, no compiled code. */
async function open(
  { browser, url, key }: ConsolePlace,
  path?: string,
  { sight, onFrame }: Watch = {},
): Promise<Opened> {
  const context = await browser.newContext({ ...PLACE, ...DESKTOP });
  context.setDefaultTimeout(WAIT_MS);
  if (key !== undefined) await context.addCookies([{ name: SESSION_COOKIE, value: key, url }]);
  await context.addInitScript(markArrivals);
  if (sight !== undefined) await context.addInitScript(markSight, sight);
  const page = await context.newPage();
  if (onFrame !== undefined) page.on('websocket', (socket) => socket.on('framereceived', onFrame));
  if (path !== undefined) await page.goto(`${url}${path}`);
  return { page, [Symbol.asyncDispose]: () => context.close() };
}

async function untilMarked(page: Page, name: string): Promise<number> {
  const found = await page.waitForFunction(markedMs, name, { polling: POLL_MS });
  return (await found.jsonValue()) ?? 0;
}

/** First and largest contentful paint of a page that is loaded for the first time. */
export async function paintsOf(
  place: ConsolePlace,
  path: string,
): Promise<{ readonly fcpMs: number; readonly lcpMs: number }> {
  await using opened = await open(place, path);
  const { page } = opened;
  await untilSettled(page);
  return await page.evaluate(paints);
}

async function untilSettled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.late').first().waitFor({ state: 'detached' });
}

/** What a page that is loaded for the first time costs its main thread until each of the two paints. */
export async function paintCosts(
  place: ConsolePlace,
  path: string,
): Promise<{ readonly first: Busy; readonly largest: Busy }> {
  await using opened = await open(place);
  const { page } = opened;
  const thread = await traced(page, async () => {
    await page.goto(`${place.url}${path}`);
    await untilSettled(page);
    // What is drawn is painted a moment later.
    await page.evaluate(paints);
    await page.evaluate(nextFrames);
  });
  return {
    first: thread.between(0, thread.mark('firstContentfulPaint')),
    largest: thread.between(0, thread.mark('largestContentfulPaint::Candidate')),
  };
}

/** Milliseconds from asking for a page to seeing what it is for. */
export async function shownMs(
  place: ConsolePlace,
  path: string,
  selector: string,
): Promise<number> {
  const sight = { name: 'shown', selector };
  await using opened = await open(place, path, { sight });
  return await untilMarked(opened.page, 'shown');
}

export interface Search {
  readonly path: string;
  /** Opens what is typed into, where it is not there already. */
  readonly keys?: string;
  /** Of what is typed into. */
  readonly label: string;
  readonly typed: string;
  readonly found: Omit<Sight, 'name'>;
}

/** Milliseconds from the last letter typed to seeing what was found. */
export async function searchMs(place: ConsolePlace, search: Search): Promise<number> {
  const { path, keys, label, typed, found } = search;
  await using opened = await open(place, path, { sight: READY });
  const { page } = opened;
  await untilMarked(page, 'ready');
  if (keys !== undefined) await page.keyboard.press(keys);
  const box = page.getByLabel(label);
  await box.waitFor();
  await page.evaluate(markSight, { name: 'found', ...found });
  await box.fill(typed);
  const foundMs = await untilMarked(page, 'found');
  return foundMs - (await untilMarked(page, 'typed'));
}

async function traced(page: Page, work: () => Promise<unknown>): Promise<MainThread> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  await browser.startTracing(page, { categories: [...TRACED] });
  await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  return new MainThread(trace.traceEvents);
}

/** What each frame of the socket costs the main thread, with all that it asks for and draws because of it. */
export async function ticks(place: ConsolePlace, count: number): Promise<Busy[]> {
  let frames = 0;
  const onFrame = (): void => {
    frames += 1;
  };
  await using opened = await open(place, '/monitoring?every=2', { onFrame });
  const signal = AbortSignal.timeout(WAIT_MS + count * WAIT_MS);
  // What is drawn for the first time is no tick.
  await until(() => frames >= WARM_FRAMES, signal);
  const thread = await traced(opened.page, async () => {
    const last = frames + count + 1;
    await until(() => frames >= last, signal);
  });
  return thread.after('frame', TICK_MS);
}

/** What it costs the main thread to show the partitions of a topic, from their arrival on. */
export async function firstRender(place: ConsolePlace, topic: string): Promise<Busy> {
  await using opened = await open(place, `/topics?q=${topic}`);
  const { page } = opened;
  const link = page.getByRole('link', { name: topic, exact: true });
  // The page's script comes with the pointer.
  await link.hover();
  await page.waitForLoadState('networkidle');
  let fromMs = 0;
  const thread = await traced(page, async () => {
    const selector = `[role="table"][aria-label="Partitions"] ${FIRST_ROW}`;
    await page.evaluate(markSight, { name: 'shown', selector });
    await link.click();
    const ms = await untilMarked(page, 'shown');
    fromMs = (await page.evaluate(answeredMs, `/topics/${topic}/partitions`)) - ms;
  });
  const shown = thread.mark('shown');
  return thread.between(shown + fromMs, shown);
}

export interface Scrolled {
  /** The longest turn of the main thread. */
  readonly longest: Busy;
  /** From one frame to the next. */
  readonly frameMs: readonly number[];
}

const TOPICS = '[role="group"][aria-label="Topics"]';
/** More than a page of the list: each frame comes to the end of what there is. */
const DOWN_PIXELS = 10_000;
const UP_PIXELS = 1_000;

/** Through all topics, after all of them are there. */
export async function scrollTopics(place: ConsolePlace, count: number): Promise<Scrolled> {
  await using opened = await open(place, '/topics', { sight: READY });
  const { page } = opened;
  await untilMarked(page, 'ready');
  const last = page.locator(`[role="row"][aria-rowindex="${count + 1}"]`);
  await until(async () => {
    await page.evaluate(scrollThrough, { selector: TOPICS, pixelsPerFrame: DOWN_PIXELS });
    return (await last.count()) > 0;
  }, AbortSignal.timeout(WAIT_MS));
  let frameMs: readonly number[] = [];
  const thread = await traced(page, async () => {
    frameMs = await page.evaluate(scrollThrough, { selector: TOPICS, pixelsPerFrame: -UP_PIXELS });
  });
  return { longest: thread.longest(0), frameMs };
}
