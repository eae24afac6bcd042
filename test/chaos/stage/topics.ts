/** The topics of a run, and every change of them in the history. */
import { type Admin, StreamError } from '@streamhouse/client/mod.ts';
import type { LiveTopic } from '../worker/protocol.ts';
import { errorName, type Recorder } from '../worker/recorder.ts';

type Change = 'create' | 'delete' | 'grow';

export class Topics {
  readonly #admin: Admin;
  readonly #recorder: Recorder;
  readonly #signal: AbortSignal;
  readonly #live = new Map<string, LiveTopic>();
  #attempts = 0;

  /** @param signal ends changes that are tried again and again */
  constructor(admin: Admin, recorder: Recorder, signal: AbortSignal) {
    this.#admin = admin;
    this.#recorder = recorder;
    this.#signal = signal;
  }

  get live(): readonly LiveTopic[] {
    return [...this.#live.values()];
  }

  get(topic: string): LiveTopic {
    const live = this.#live.get(topic);
    if (live === undefined) throw new Error(`there is no topic ${topic}`);
    return live;
  }

  async create(topic: string, partitions: number): Promise<void> {
    await this.#change('create', { topic, partitions }, async () => {
      await this.#admin.createTopic({ name: topic, partitions }).catch(unless('alreadyExists'));
    });
  }

  async delete(topic: string): Promise<void> {
    await this.#change('delete', this.get(topic), async () => {
      await this.#admin.deleteTopic(topic).catch(unless('notFound'));
    });
  }

  async grow(topic: string, partitions: number): Promise<void> {
    await this.#change('grow', { ...this.get(topic), partitions }, async () => {
      await this.#admin.alterTopic(topic, { partitions });
    });
  }

  /** Tries until it is done: each change is one that can be asked for again. */
  async #change(
    change: Change,
    asked: Partial<LiveTopic> & { readonly topic: string },
    run: () => Promise<void>,
  ): Promise<void> {
    for (;;) {
      const by = `admin-${this.#attempts}`;
      this.#recorder.write(by, 'invoke', 'topic', { change, ...asked });
      try {
        await run();
        const done = change === 'delete' ? asked : await this.#look(asked.topic);
        if (change === 'delete') this.#live.delete(asked.topic);
        this.#recorder.write(by, 'ok', 'topic', { change, ...done });
        return;
      } catch (error) {
        this.#attempts++;
        this.#recorder.write(by, 'info', 'topic', { change, ...asked }, errorName(error));
        if (error instanceof StreamError && !error.isRetriable) throw error;
        this.#signal.throwIfAborted();
      }
    }
  }

  async #look(topic: string): Promise<LiveTopic> {
    const { topicId, partitions } = await this.#admin.describeTopic(topic);
    const live = { topic, topicId, partitions };
    this.#live.set(topic, live);
    return live;
  }
}

function unless(kind: StreamError['kind']): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof StreamError) || error.kind !== kind) throw error;
  };
}
