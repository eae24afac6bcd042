/** Lanes of operations: each has one partition and one operation under way, under a name of its own. */
import { setTimeout as rest } from 'node:timers/promises';
import { connectProducer, type Producer, StreamError } from '@streamhouse/client/mod.ts';
import { seededRandom } from '../../harness/s3-gateway/fault.ts';
import type { LiveTopic, WorkerRole, WorkerTask } from './protocol.ts';
import { errorName, type Recorder } from './recorder.ts';

type ClientRole = WorkerRole & { readonly kind: 'client' };

const CONNECT_RETRY_MS = 200;

export class Sending {
  readonly #task: WorkerTask;
  readonly #role: ClientRole;
  readonly #recorder: Recorder;
  readonly #onAcknowledged: (topic: string, partition: number) => void;
  readonly #random: () => number;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #producer: Promise<Producer>;
  #topics: readonly LiveTopic[] = [];
  #values = 0;
  #isStopped = false;

  constructor(
    task: WorkerTask,
    role: ClientRole,
    recorder: Recorder,
    onAcknowledged: (topic: string, partition: number) => void,
  ) {
    this.#task = task;
    this.#role = role;
    this.#recorder = recorder;
    this.#onAcknowledged = onAcknowledged;
    this.#random = seededRandom(task.seed);
    this.#producer = connectPatiently(() =>
      connectProducer({ bootstrap: task.bootstrap, ...role.producer }),
    );
  }

  /** Opens lanes for partitions that have none yet. */
  write(topics: readonly LiveTopic[]): void {
    this.#topics = topics;
    if (this.#isStopped) return;
    for (const { topic, topicId, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        for (let lane = 0; lane < this.#role.lanes; lane++) {
          const key = `${topicId}/${partition}/${lane}`;
          if (this.#lanes.has(key)) continue;
          const name = `${this.#task.name}-${topic}.${topicId.slice(0, 4)}-${partition}.${lane}`;
          this.#lanes.set(key, this.#run(name, topic, topicId, partition));
        }
      }
    }
  }

  /** Begins nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#lanes.values());
    await (await this.#producer).close();
  }

  async #run(name: string, topic: string, topicId: string, partition: number): Promise<void> {
    const producer = await this.#producer;
    let unknown = 0;
    while (this.#isWanted(topicId)) {
      const startMs = performance.now();
      const isKnown = await this.#send(producer, `${name}.${unknown}`, topic, partition);
      if (!isKnown) unknown++;
      const spentMs = performance.now() - startMs;
      await rest(Math.max(0, 2 * this.#random() * this.#role.paceMs - spentMs));
    }
  }

  #isWanted(id: string): boolean {
    return !this.#isStopped && this.#topics.some(({ topicId }) => topicId === id);
  }

  /** One operation. Resolves whether its outcome is known. */
  async #send(producer: Producer, by: string, topic: string, partition: number): Promise<boolean> {
    const count = 1 + Math.floor(this.#random() * this.#role.recordsMax);
    const values = Array.from({ length: count }, () => this.#nextValue());
    const value = { topic, partition, values };
    this.#recorder.write(by, 'invoke', 'send', value);
    const answers = await Promise.allSettled(
      values.map((each) => producer.send({ topic, partition, value: each })),
    );
    const errors = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason] : [],
    );
    if (errors.length === 0) {
      const offsets = answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value.offset : -1,
      );
      this.#recorder.write(by, 'ok', 'send', { ...value, offsets });
      this.#onAcknowledged(topic, partition);
      return true;
    }
    const isDefinite = errors.length === count && errors.every(isDefiniteFailure);
    this.#recorder.write(by, isDefinite ? 'fail' : 'info', 'send', value, errorName(errors[0]));
    return isDefinite;
  }

  #nextValue(): string {
    return `${this.#task.name}.${(this.#values++).toString(36)}`;
  }
}

/** The SDK says `indefinite` when it does not know, and nothing else then. */
function isDefiniteFailure(error: unknown): boolean {
  return error instanceof StreamError && error.kind !== 'indefinite';
}

/** A client that starts during a fault goes on trying. */
export async function connectPatiently<T>(connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch {
      await rest(CONNECT_RETRY_MS);
    }
  }
}
