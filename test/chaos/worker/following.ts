/** A consumer that reads all topics along, from where an earlier life had come. */
import { setTimeout as rest } from 'node:timers/promises';
import {
  type Admin,
  connectAdmin,
  connectConsumer,
  type Consumer,
  type ConsumerRecord,
} from '@streamhouse/client/mod.ts';
import type { LiveTopic, Position, WorkerTask } from './protocol.ts';
import { errorName, type Recorder } from './recorder.ts';
import { connectPatiently } from './sending.ts';

const POLL_MS = 300;
const RETRY_MS = 200;
/** Of each partition: more than an agent keeps of what it wrote. */
const REREAD_RECORDS = 1_000;

export class Following {
  readonly #by: string;
  readonly #recorder: Recorder;
  readonly #onPolled: (positions: readonly Position[]) => void;
  readonly #positions = new Map<string, Position>();
  readonly #running: Promise<void>;
  #topics: readonly LiveTopic[];
  #isStale = true;
  #isRereading = false;
  #isStopped = false;

  constructor(
    task: WorkerTask,
    recorder: Recorder,
    onPolled: (positions: readonly Position[]) => void,
  ) {
    this.#by = `${task.name}-follower`;
    this.#recorder = recorder;
    this.#onPolled = onPolled;
    this.#topics = task.topics;
    for (const position of task.positions) this.#positions.set(keyOf(position), position);
    this.#running = this.#run(task.bootstrap);
  }

  /** Reads these from now on: new partitions from their beginning. */
  follow(topics: readonly LiveTopic[]): void {
    this.#topics = topics;
    this.#isStale = true;
  }

  /** Goes back by some records in every partition, and on from there. */
  reread(): void {
    this.#isRereading = true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(bootstrap: readonly string[]): Promise<void> {
    await using admin = await connectPatiently(() => connectAdmin({ bootstrap }));
    await using consumer = await connectPatiently(() =>
      connectConsumer({ bootstrap, autoOffsetReset: 'none' }),
    );
    let ids = new Map<string, string>();
    while (!this.#isStopped) {
      try {
        if (this.#isRereading) this.#goBack();
        if (this.#isStale) ids = await this.#assign(admin, consumer);
        await this.#poll(consumer, ids);
      } catch {
        // A fault, or a topic that is gone: from the known positions again.
        this.#isStale = true;
        await rest(RETRY_MS);
      }
    }
  }

  #goBack(): void {
    this.#isRereading = false;
    this.#isStale = true;
    for (const [key, position] of this.#positions)
      this.#positions.set(key, {
        ...position,
        offset: Math.max(0, position.offset - REREAD_RECORDS),
      });
  }

  /** Resolves the identity of each topic that is read. */
  async #assign(admin: Admin, consumer: Consumer): Promise<Map<string, string>> {
    this.#isStale = false;
    const topics = this.#topics;
    const from = topics.flatMap(({ topic, topicId, partitions }) =>
      Array.from({ length: partitions }, (_, partition): Position => {
        const start = { topic, topicId, partition, offset: 0 };
        return this.#positions.get(keyOf(start)) ?? start;
      }),
    );
    this.#recorder.write(this.#by, 'invoke', 'assign', { from });
    try {
      await consumer.assign(
        from.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
      );
      // The consumer finds a topic by its name: that it found this one is known if the name still means it afterwards.
      for (const { topic, topicId } of topics) await expectIdentity(admin, topic, topicId);
    } catch (error) {
      this.#recorder.write(this.#by, 'fail', 'assign', { from }, errorName(error));
      throw error;
    }
    this.#recorder.write(this.#by, 'ok', 'assign', { from });
    return new Map(topics.map(({ topic, topicId }) => [topic, topicId]));
  }

  async #poll(consumer: Consumer, ids: ReadonlyMap<string, string>): Promise<void> {
    this.#recorder.write(this.#by, 'invoke', 'poll', { records: [] });
    let polled: ConsumerRecord[];
    try {
      polled = await consumer.poll(POLL_MS);
    } catch (error) {
      this.#recorder.write(this.#by, 'fail', 'poll', { records: [] }, errorName(error));
      throw error;
    }
    const records = groupReads(polled, ids);
    this.#recorder.write(this.#by, 'ok', 'poll', { records });
    const positions = records.map(({ topic, topicId, partition, reads }): Position => {
      const offset = (reads.at(-1)?.[0] ?? -1) + 1;
      return { topic, topicId, partition, offset };
    });
    for (const position of positions) this.#positions.set(keyOf(position), position);
    this.#onPolled(positions);
  }
}

interface Reads {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly reads: (readonly [number, string])[];
}

/** Runs of records of one partition, in the order in which they were handed out. */
export function groupReads(
  records: readonly ConsumerRecord[],
  ids: ReadonlyMap<string, string>,
): readonly Reads[] {
  const groups: Reads[] = [];
  for (const { topic, partition, offset, value } of records) {
    let last = groups.at(-1);
    if (last?.topic !== topic || last.partition !== partition) {
      last = { topic, topicId: ids.get(topic) ?? '', partition, reads: [] };
      groups.push(last);
    }
    last.reads.push([offset, Buffer.from(value ?? '').toString()]);
  }
  return groups;
}

async function expectIdentity(admin: Admin, topic: string, topicId: string): Promise<void> {
  const { topics } = await admin.metadata([topic]);
  const found = topics[0]?.topicId;
  if (found !== topicId) throw new Error(`${topic} is ${found} now, not ${topicId}`);
}

function keyOf({ topicId, partition }: Position): string {
  return `${topicId}/${partition}`;
}
