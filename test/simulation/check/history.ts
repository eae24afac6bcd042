/** What clients saw, and the first thing that must never be. */
import { partitionKey, partitionIndex, type TopicId } from '@streamhouse/core/ids.ts';

export type Outcome =
  | { readonly type: 'ok'; readonly offset: number }
  /** Definitely not in the log. */
  | { readonly type: 'fail'; readonly reason: string }
  | { readonly type: 'unknown'; readonly reason: string };

/** One record that a producer wants in the log. Values are unique. */
export interface Send {
  readonly producer: string;
  readonly topic: string;
  readonly partition: number;
  readonly value: string;
  /** Whether its producer promises an order: calls of a simple one overtake each other. */
  readonly isSequenced: boolean;
  outcome: Outcome | undefined;
}

export interface Violation {
  readonly invariant: string;
  readonly message: string;
  readonly step: number;
  readonly atMs: number;
}

/** What the durable state says now: the judge of every answer. */
export interface Truth {
  readonly step: () => number;
  readonly nowMs: () => number;
  /** First offset not yet readable, of the present topic of that name; undefined: there is none. */
  readonly nextOffset: (topic: string, partition: number) => number | undefined;
  readonly topicId: (topic: string) => TopicId | undefined;
}

export class History {
  readonly sends: Send[] = [];
  readonly #truth: Truth;
  /** Of topics that are never made again. */
  readonly #lasting: ReadonlySet<string>;
  readonly #newestAck = new Map<string, number>();
  /** By consumer and partition: where it goes on. */
  readonly #positions = new Map<string, number>();
  /** By partition and offset: what somebody has read there. */
  readonly #seen = new Map<string, Map<number, string>>();
  #violation: Violation | undefined;
  #settled = 0;
  #reads = 0;

  constructor(truth: Truth, lasting: ReadonlySet<string>) {
    this.#truth = truth;
    this.#lasting = lasting;
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  get reads(): number {
    return this.#reads;
  }

  get isSettled(): boolean {
    return this.#settled === this.sends.length;
  }

  /** Only the first counts: what comes after it may be its consequence. */
  violate(invariant: string, message: string): void {
    const { step, nowMs } = this.#truth;
    this.#violation ??= { invariant, message, step: step(), atMs: nowMs() };
  }

  send(send: Omit<Send, 'outcome'>): Send {
    const sent = { ...send, outcome: undefined };
    this.sends.push(sent);
    return sent;
  }

  settle(send: Send, outcome: Outcome): void {
    send.outcome = outcome;
    this.#settled++;
    if (outcome.type !== 'ok' || !this.#lasting.has(send.topic)) return;
    const { producer, topic, partition, value } = send;
    const end = this.#truth.nextOffset(topic, partition) ?? 0;
    if (outcome.offset >= end) {
      const where = `${topic}/${partition}@${outcome.offset}`;
      this.violate('I-01', `${value} is acknowledged at ${where}, and published is only ${end}`);
    }
    if (!send.isSequenced) return;
    const key = `${producer} ${topic}/${partition}`;
    const before = this.#newestAck.get(key) ?? -1;
    this.#newestAck.set(key, outcome.offset);
    if (outcome.offset <= before) {
      this.violate('I-13', `${key}: ${value} is acknowledged at ${outcome.offset} after ${before}`);
    }
  }

  read(consumer: string, topic: string, partition: number, offset: number, value: string): void {
    this.#reads++;
    const id = this.#truth.topicId(topic);
    if (id === undefined) return;
    const place = partitionKey(id, partitionIndex(partition));
    const key = `${consumer} ${place}`;
    const expected = this.#positions.get(key) ?? 0;
    this.#positions.set(key, offset + 1);
    const where = `${topic}/${partition}@${offset}`;
    if (offset !== expected)
      this.violate('I-16', `${consumer} read ${where}, and ${expected} was next`);
    if (offset >= (this.#truth.nextOffset(topic, partition) ?? 0))
      this.violate('I-16', `${consumer} read ${where}, which is not published`);
    const seen = this.#seen.get(place) ?? new Map<number, string>();
    this.#seen.set(place, seen);
    const before = seen.get(offset);
    seen.set(offset, value);
    if (before !== undefined && before !== value)
      this.violate('I-02', `${where} was ${before} and is ${value}`);
  }

  /** Where a consumer goes on, if it has read anything. */
  position(consumer: string, topicId: TopicId, partition: number): number {
    return (
      this.#positions.get(`${consumer} ${partitionKey(topicId, partitionIndex(partition))}`) ?? 0
    );
  }

  /** What was read of a partition, by offset. */
  seen(topicId: TopicId, partition: number): ReadonlyMap<number, string> {
    return this.#seen.get(partitionKey(topicId, partitionIndex(partition))) ?? new Map();
  }
}
