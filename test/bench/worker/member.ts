import { connectConsumer, type Consumer } from '@streamhouse/client/mod.ts';
import type { MemberStartTask, MemberState, Reads } from './protocol.ts';

/** A member of a group that reads what it is given, and remembers when. */
export class Member {
  readonly #consumer: Consumer;
  readonly #topic: string;
  /** When records were handed out, by partition: milliseconds since 1970, ascending, one for each poll. */
  readonly #readMs = new Map<number, number[]>();
  #reading: Promise<void> = Promise.resolve();

  private constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  /** Connects, and waits with its join until it is asked for. */
  static async start({ bootstrap, groupId, topic }: MemberStartTask): Promise<Member> {
    const consumer = await connectConsumer({ bootstrap, groupId, autoOffsetReset: 'earliest' });
    return new Member(consumer, topic);
  }

  async join(): Promise<void> {
    await this.#consumer.subscribe([this.#topic]);
    this.#reading = this.#read();
    // `leave` tells.
    this.#reading.catch(() => {});
  }

  state(): MemberState {
    return {
      generation: this.#consumer.membership()?.generation ?? null,
      partitions: this.#consumer.assignment().map(({ partition }) => partition),
    };
  }

  reads(): Reads {
    return [...this.#readMs];
  }

  async leave(): Promise<void> {
    await this.#consumer.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const records of this.#consumer.batches()) {
      const nowMs = performance.timeOrigin + performance.now();
      for (const partition of new Set(records.map((record) => record.partition))) {
        const times = this.#readMs.get(partition);
        if (times === undefined) this.#readMs.set(partition, [nowMs]);
        else times.push(nowMs);
      }
    }
  }
}
