/**
 * Histories of a log that does everything right, by a seed: several producers that pipeline, crash and come back under a
 * new name, answers that are lost, records that land late, readers that begin anywhere, a group of them that shares
 * partitions, topics that are deleted and made again. The same seed gives the same history.
 */
import type { HistoryEvent, Operation } from './history.ts';
import { RandomGroup, type RandomTopic } from './random-group.ts';

export interface HistoryPlan {
  readonly seed: number;
  /** Records to send. */
  readonly records: number;
  /** Default 2. */
  readonly topics?: number;
  /** Of each topic. Default 2. */
  readonly partitions?: number;
  /** Default 3. */
  readonly producers?: number;
  /** Default 2. */
  readonly consumers?: number;
  /** Of the group. Default 3. */
  readonly members?: number;
}

interface Topic extends RandomTopic {
  readonly logs: readonly string[][];
}

interface Attempt {
  readonly target: Topic;
  readonly partition: number;
  readonly values: readonly string[];
  offsets: readonly number[] | undefined;
}

interface Producer {
  name: string;
  lives: number;
  /** In the order of their invocation; those that were applied come first. */
  open: Attempt[];
}

interface Consumer {
  readonly name: string;
  positions: { readonly source: Topic; readonly partition: number; next: number }[];
}

const OPEN_MAX = 4;
const BATCH_MAX = 4;
const POLL_MAX = 100;
const STEP_NS_MAX = 2_000_000;

export function* randomHistory(plan: HistoryPlan): Generator<HistoryEvent, void, undefined> {
  yield* new World(plan).run();
}

class World {
  readonly #random: () => number;
  readonly #records: number;
  readonly #topics: Topic[] = [];
  readonly #producers: readonly Producer[];
  readonly #consumers: readonly Consumer[];
  readonly #group: RandomGroup;
  readonly #partitions: number;
  /** Given up by their clients, and on their way all the same. */
  #late: Attempt[] = [];
  #events: HistoryEvent[] = [];
  #count = 0;
  #nowNs = 0;
  #sent = 0;
  #created = 0;

  constructor(plan: HistoryPlan) {
    const {
      seed,
      records,
      topics = 2,
      partitions = 2,
      producers = 3,
      consumers = 2,
      members = 3,
    } = plan;
    this.#random = xorshift32(seed);
    this.#records = records;
    this.#partitions = partitions;
    this.#producers = named('p', producers).map((name) => ({ name, lives: 0, open: [] }));
    this.#consumers = named('c', consumers).map((name) => ({ name, positions: [] }));
    const world = {
      random: this.#random,
      topics: () => this.#topics,
      note: (process: string, type: HistoryEvent['type'], operation: Operation): void =>
        this.#note(process, type, operation),
    };
    this.#group = new RandomGroup(world, members);
    for (const topic of named('t', topics)) this.#topics.push(this.#create(topic));
  }

  *run(): Generator<HistoryEvent, void, undefined> {
    this.#note('nemesis', 'ok', { f: 'phase', value: { phase: 'faults' } });
    while (this.#sent < this.#records) {
      this.#step();
      yield* this.#flush();
    }
    for (const producer of this.#producers) {
      while (producer.open.length > 0) this.#answer(producer);
    }
    this.#note('nemesis', 'ok', { f: 'phase', value: { phase: 'final' } });
    this.#readAll();
    yield* this.#flush();
  }

  *#flush(): Generator<HistoryEvent, void, undefined> {
    const events = this.#events;
    this.#events = [];
    yield* events;
  }

  #step(): void {
    const chance = this.#random();
    if (chance < 0.35) this.#send(this.#pick(this.#producers));
    else if (chance < 0.6) this.#apply(this.#pick(this.#producers));
    else if (chance < 0.88) this.#answer(this.#pick(this.#producers));
    else if (chance < 0.93) this.#poll(this.#pick(this.#consumers));
    else if (chance < 0.98) this.#group.step();
    else if (chance < 0.985) this.#assign(this.#pick(this.#consumers));
    else if (chance < 0.987) this.#crash(this.#pick(this.#producers));
    else if (chance < 0.989) this.#recreate();
    else this.#land();
  }

  #send(producer: Producer): void {
    if (producer.open.length >= OPEN_MAX) return;
    const target = this.#pick(this.#topics);
    const partition = this.#below(this.#partitions);
    const values = Array.from({ length: 1 + this.#below(BATCH_MAX) }, () => `v${this.#sent++}`);
    producer.open.push({ target, partition, values, offsets: undefined });
    const { topic } = target;
    this.#note(producer.name, 'invoke', { f: 'send', value: { topic, partition, values } });
  }

  /** The oldest attempt that is not in the log yet takes effect. */
  #apply(producer: Producer): void {
    const attempt = producer.open.find(({ offsets }) => offsets === undefined);
    if (attempt !== undefined) this.#append(attempt);
  }

  #append(attempt: Attempt): void {
    const { target, partition, values } = attempt;
    const log = target.logs[partition];
    if (log === undefined || !this.#topics.includes(target)) return;
    attempt.offsets = values.map((_, rank) => log.length + rank);
    log.push(...values);
  }

  /** The oldest attempt is answered: as it went, or nobody knows. */
  #answer(producer: Producer): void {
    const [attempt] = producer.open;
    if (attempt === undefined) return;
    if (attempt.offsets === undefined && this.#random() < 0.9) this.#append(attempt);
    const { target, partition, values, offsets } = attempt;
    const { topic, topicId } = target;
    if (this.#random() < 0.005) {
      this.#note(producer.name, 'info', { f: 'send', value: { topic, partition, values } }, 'LOST');
      this.#crash(producer);
    } else if (offsets === undefined) {
      producer.open.shift();
      this.#note(producer.name, 'fail', { f: 'send', value: { topic, partition, values } }, 'NO');
    } else {
      producer.open.shift();
      const named = this.#random() < 0.5 ? { topic } : { topic, topicId };
      this.#note(producer.name, 'ok', {
        f: 'send',
        value: { ...named, partition, values, offsets },
      });
    }
  }

  /** What was open has no answer, may still land, and the client goes on under a new name. */
  #crash(producer: Producer): void {
    this.#late.push(...producer.open.filter(({ offsets }) => offsets === undefined));
    producer.open = [];
    producer.lives++;
    producer.name = `${producer.name.split('.')[0]}.${producer.lives}`;
  }

  #land(): void {
    const attempt = this.#late.shift();
    if (attempt !== undefined && this.#random() < 0.7) this.#append(attempt);
  }

  #assign(consumer: Consumer): void {
    consumer.positions = this.#topics.flatMap((source) =>
      source.logs.map((log, partition) => ({
        source,
        partition,
        next: this.#random() < 0.7 ? Math.max(0, log.length - 20) : this.#below(log.length + 1),
      })),
    );
    this.#noteAssignment(consumer, this.#random() < 0.5);
  }

  #noteAssignment({ name, positions }: Consumer, isIdentified: boolean): void {
    const from = positions.map(({ source: { topic, topicId }, partition, next }) => ({
      topic,
      ...(isIdentified ? { topicId } : {}),
      partition,
      offset: next,
    }));
    this.#note(name, 'invoke', { f: 'assign', value: { from } });
    this.#note(name, 'ok', { f: 'assign', value: { from } });
  }

  #poll({ name, positions }: Consumer): void {
    this.#note(name, 'invoke', { f: 'poll', value: { records: [] } });
    if (this.#random() < 0.05) {
      this.#note(name, 'fail', { f: 'poll', value: { records: [] } }, 'UNAVAILABLE');
      return;
    }
    const records = positions.flatMap((position) => {
      const { source, partition, next } = position;
      const values = source.logs[partition]?.slice(next, next + this.#below(POLL_MAX)) ?? [];
      position.next += values.length;
      const reads = values.map((value, index) => [next + index, value] as const);
      return reads.length === 0 ? [] : { topic: source.topic, partition, reads };
    });
    this.#note(name, 'ok', { f: 'poll', value: { records } });
  }

  #create(topic: string): Topic {
    const topicId = `${topic}-${this.#created++}`;
    const logs = Array.from({ length: this.#partitions }, () => []);
    this.#note('admin', 'invoke', { f: 'topic', value: { change: 'create', topic } });
    this.#note('admin', 'ok', { f: 'topic', value: { change: 'create', topic, topicId } });
    return { topic, topicId, logs };
  }

  #recreate(): void {
    const index = this.#below(this.#topics.length);
    const old = this.#topics[index];
    if (old === undefined) return;
    const value = { change: 'delete', topic: old.topic, topicId: old.topicId } as const;
    this.#note('admin', 'invoke', { f: 'topic', value });
    this.#note('admin', 'ok', { f: 'topic', value });
    this.#topics[index] = this.#create(old.topic);
  }

  #readAll(): void {
    const reader: Consumer = { name: 'final', positions: [] };
    const ends = this.#topics.flatMap(({ topic, topicId, logs }) =>
      logs.map((log, partition) => ({ topic, topicId, partition, offset: log.length })),
    );
    this.#note(reader.name, 'invoke', { f: 'end', value: { ends: [] } });
    this.#note(reader.name, 'ok', { f: 'end', value: { ends } });
    reader.positions = this.#topics.flatMap((source) =>
      source.logs.map((_, partition) => ({ source, partition, next: 0 })),
    );
    this.#noteAssignment(reader, true);
    const isBehind = (): boolean =>
      reader.positions.some(
        ({ source, partition, next }) => next < (source.logs[partition]?.length ?? 0),
      );
    while (isBehind()) this.#poll(reader);
  }

  #note(process: string, type: HistoryEvent['type'], operation: Operation, err?: string): void {
    this.#nowNs += this.#below(STEP_NS_MAX);
    const [i, t] = [this.#count++, this.#nowNs];
    this.#events.push({ i, t, process, type, ...operation, ...(err === undefined ? {} : { err }) });
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }
}

function named(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index}`);
}

/** xorshift32 (Marsaglia, Xorshift RNGs, 2003): numbers in [0, 1). Its state must not be 0. */
function xorshift32(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
