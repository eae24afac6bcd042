/** What runs in a page that is measured. Each function goes there as its text: it can name nothing of this file. */

import type { PerformanceEntry } from 'node:perf_hooks';

// Of what a browser has, as much as is used: programs of Node.js know no types of it.
interface Place {
  readonly textContent: string;
  readonly scrollTop: number;
  readonly clientHeight: number;
  readonly scrollHeight: number;
  scrollBy(x: number, y: number): void;
}
declare const document: {
  querySelector(selector: string): Place | null;
  querySelectorAll(selector: string): Iterable<Place>;
  addEventListener(type: string, listen: () => void, options: { readonly capture: boolean }): void;
};
declare const window: { WebSocket: unknown };
declare class MutationObserver {
  constructor(onChange: () => void);
  observe(
    target: unknown,
    options: Readonly<Record<'childList' | 'subtree' | 'characterData', true>>,
  ): void;
  disconnect(): void;
}
declare class PerformanceObserver {
  constructor(onEntries: (list: { getEntries(): readonly PerformanceEntry[] }) => void);
  observe(options: { readonly type: string; readonly buffered: boolean }): void;
}
declare function requestAnimationFrame(onFrame: (ms: number) => void): void;

/** Marks when frames come over a socket and when something is typed. Before the page's own script. */
export function markArrivals(): void {
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('message', () => performance.mark('frame'));
    }
  };
  document.addEventListener('input', () => performance.mark('typed'), { capture: true });
}

export interface Sight {
  /** Of the mark. */
  readonly name: string;
  readonly selector: string;
  /** That one of the elements has. */
  readonly text?: string;
}

/** Marks when something can be seen: after the frame in which it came into the page. */
export function markSight({ name, selector, text = '' }: Sight): void {
  const isThere = (): boolean =>
    [...document.querySelectorAll(selector)].some(({ textContent }) => textContent.includes(text));
  const observer = new MutationObserver(() => {
    if (!isThere()) return;
    observer.disconnect();
    // The frame is painted between the call and the task.
    requestAnimationFrame(() => setTimeout(() => performance.mark(name)));
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}

/** Milliseconds since the page was asked for; undefined as long as there is no such mark. */
export function markedMs(name: string): number | undefined {
  return performance.getEntriesByName(name)[0]?.startTime;
}

/** When the last answer came whose address has this text, by the clock of the marks. */
export function answeredMs(part: string): number {
  const answers = performance
    .getEntriesByType('resource')
    .filter(({ name }) => new URL(name).pathname.includes(part));
  const last = answers.at(-1);
  return last === undefined ? Number.NaN : last.startTime + last.duration;
}

/** First and largest contentful paint, of those that there were until now. */
export function paints(): Promise<{ readonly fcpMs: number; readonly lcpMs: number }> {
  return new Promise((resolve) => {
    const fcpMs = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    new PerformanceObserver((list) => {
      resolve({ fcpMs, lcpMs: list.getEntries().at(-1)?.startTime ?? 0 });
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  });
}

/** Resolves when what was drawn before is on the screen. */
export async function nextFrames(): Promise<void> {
  for (let count = 0; count < 3; count++)
    await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** Scrolls an element to its end, at which more may come, or from there to its beginning, so many pixels in each frame. */
export async function scrollThrough({
  selector,
  pixelsPerFrame,
}: {
  readonly selector: string;
  readonly pixelsPerFrame: number;
}): Promise<number[]> {
  const scroller = document.querySelector(selector);
  if (scroller === null) throw new Error(`there is no ${selector}`);
  const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
  const frameMs: number[] = [];
  let before = await frame();
  const isOver = (): boolean =>
    pixelsPerFrame < 0
      ? scroller.scrollTop === 0
      : scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
  while (!isOver()) {
    scroller.scrollBy(0, pixelsPerFrame);
    const now = await frame();
    frameMs.push(now - before);
    before = now;
  }
  return frameMs;
}
