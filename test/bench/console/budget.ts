/** What the console may take of people's time. The sizes of its files are in hack/console/budget.ts. */

export interface Bounds {
  readonly target: number;
  /** Beyond it, it is a fault. */
  readonly fail: number;
}

type Item = 'firstPaint' | 'largestPaint' | 'tick' | 'firstRender' | 'frame' | 'answer' | 'memory';

/** Milliseconds, unless they say otherwise. */
export const BUDGET: Readonly<Record<Item, Bounds>> = {
  firstPaint: { target: 100, fail: 150 },
  largestPaint: { target: 200, fail: 250 },
  /** Of the main thread, p95. */
  tick: { target: 12, fail: 16 },
  /** Of a table with 1,000 rows, on the main thread. */
  firstRender: { target: 50, fail: 80 },
  /** The longest one while 10,000 rows are scrolled. */
  frame: { target: 50, fail: 80 },
  /** With 10,000 topics and 1,000 groups: until an endpoint has answered, and until a page or what was searched for is seen. */
  answer: { target: 300, fail: 1_000 },
  /** MiB that a process has in memory which serves all that. */
  memory: { target: 300, fail: 300 },
};
