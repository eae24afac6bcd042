/** What a page's main thread was busy with, from a trace of Chromium. Pure. */

/** As far as it is read. Source: the Trace Event Format of Chromium. Times in microseconds of one clock. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** Of complete events: by the wall. */
  readonly dur?: number;
  /** The same in the thread's processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** One turn of the main thread: nothing else is done and nothing is painted until it is over. */
interface Task {
  readonly startMs: number;
  readonly endMs: number;
  /** Without the time in which the machine did something else. */
  readonly cpuMs: number;
}

/** Busy times in milliseconds: by the wall, and of the processor alone. */
export interface Busy {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export const TRACED: readonly string[] = [
  'disabled-by-default-devtools.timeline',
  'blink.user_timing',
  'loading',
];

export class MainThread {
  /** In their order. */
  readonly #tasks: readonly Task[];
  /** When `performance.mark` was called, by its name. */
  readonly #marks: ReadonlyMap<string, readonly number[]>;

  /** @throws Error without a page in the trace. */
  constructor(events: readonly TraceEvent[]) {
    const of = busiest(events);
    const own = events.filter(({ pid, tid }) => pid === of.pid && tid === of.tid);
    this.#tasks = own
      .filter(isTask)
      .map(({ ts, dur = 0, tdur = dur }) => ({
        ...{ startMs: ts / 1_000, endMs: (ts + dur) / 1_000, cpuMs: tdur / 1_000 },
      }))
      .toSorted((a, b) => a.startMs - b.startMs);
    const marks = Map.groupBy(
      own.filter(({ ph }) => ph === 'I' || ph === 'R'),
      ({ name }) => name,
    );
    this.#marks = new Map(
      [...marks].map(([name, list]) => [name, list.map(({ ts }) => ts / 1_000)]),
    );
  }

  /** The last one of its name. @throws Error when it was never set. */
  mark(name: string): number {
    const last = this.#marks.get(name)?.at(-1);
    if (last === undefined) throw new Error(`the page never came to "${name}"`);
    return last;
  }

  /** The tasks that end after a moment and begin before another one, together. */
  between(fromMs: number, toMs: number): Busy {
    const within = this.#tasks.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
    return within.reduce(
      (sum, { startMs, endMs, cpuMs }) => ({
        ...{ wallMs: sum.wallMs + endMs - startMs, cpuMs: sum.cpuMs + cpuMs },
      }),
      { wallMs: 0, cpuMs: 0 },
    );
  }

  /** For so long after each mark of a name; without the last one, which may not be over. */
  after(name: string, forMs: number): Busy[] {
    const marks = this.#marks.get(name) ?? [];
    return marks.slice(0, -1).map((ms) => this.between(ms, ms + forMs));
  }

  /** The longest task after a moment, by each of the two times. */
  longest(fromMs: number): Busy {
    const after = this.#tasks.filter(({ startMs }) => startMs >= fromMs);
    return {
      wallMs: Math.max(0, ...after.map(({ startMs, endMs }) => endMs - startMs)),
      cpuMs: Math.max(0, ...after.map(({ cpuMs }) => cpuMs)),
    };
  }
}

function isTask({ name, ph }: TraceEvent): boolean {
  return ph === 'X' && name === 'RunTask';
}

/** Of all main threads: other processes of the browser wait for pages to come. */
function busiest(events: readonly TraceEvent[]): Pick<TraceEvent, 'pid' | 'tid'> {
  const threads = events.filter(
    ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain',
  );
  const busyOf = ({ pid, tid }: TraceEvent): number =>
    events
      .filter((event) => isTask(event) && event.pid === pid && event.tid === tid)
      .reduce((sum, { dur = 0 }) => sum + dur, 0);
  const [first] = threads.toSorted((a, b) => busyOf(b) - busyOf(a));
  if (first === undefined) throw new Error('there is no page in the trace');
  return first;
}
