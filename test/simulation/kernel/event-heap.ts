/** What is to happen, by time; of the same time, in the order in which it was put in. */
export interface HeapEvent {
  readonly atMs: number;
  readonly order: number;
  /** Undefined once it is cancelled: it stays in the heap until its time. */
  run: (() => void) | undefined;
}

export class EventHeap {
  readonly #events: HeapEvent[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#events.length;
  }

  push(atMs: number, run: () => void): HeapEvent {
    const event: HeapEvent = { atMs, order: this.#nextOrder++, run };
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent] as HeapEvent;
      if (!isBefore(event, above)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
    return event;
  }

  peek(): HeapEvent | undefined {
    return this.#events[0];
  }

  pop(): HeapEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      const right = events[child + 1];
      if (right !== undefined && isBefore(right, events[child] as HeapEvent)) child++;
      const smaller = events[child] as HeapEvent;
      if (!isBefore(smaller, last)) break;
      events[index] = smaller;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

function isBefore(a: HeapEvent, b: HeapEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
