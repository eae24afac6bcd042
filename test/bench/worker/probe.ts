import { setTimeout as rest } from 'node:timers/promises';
import { connectProducer, type Producer } from '@streamhouse/client/mod.ts';
import { OpenLoopSchedule } from '../schedule.ts';
import { longestGapMs } from '../stats.ts';
import type { ProbeAnswer, ProbeQuestion, ProbeTask } from './protocol.ts';

const CALLS_MAX = 1_000;

/** A producer that writes to one partition all the time, and remembers when it was answered. */
export class Probe {
  readonly #producer: Producer;
  readonly #task: ProbeTask;
  readonly #sending: Promise<void>;
  /** When answers came, in milliseconds since 1970, ascending. */
  #ackedMs: number[] = [];
  /** When the latest record that has its answer was sent. */
  #newestSentMs = 0;
  #failed = 0;
  #isOver = false;

  private constructor(producer: Producer, task: ProbeTask) {
    this.#producer = producer;
    this.#task = task;
    this.#sending = this.#send();
  }

  static async start(task: ProbeTask): Promise<Probe> {
    return new Probe(
      await connectProducer({ bootstrap: task.bootstrap, durability: 'object' }),
      task,
    );
  }

  ask({ sinceMs, overAfterMs }: ProbeQuestion): ProbeAnswer {
    const isBack = this.#newestSentMs > overAfterMs;
    return {
      gapMs: isBack ? longestGapMs(this.#ackedMs, sinceMs) : undefined,
      failed: this.#failed,
    };
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#sending;
    await this.#producer.close();
  }

  async #send(): Promise<void> {
    const schedule = new OpenLoopSchedule(1_000 / this.#task.everyMs, performance.now());
    while (!this.#isOver) {
      for (const _ of schedule.due(performance.now(), CALLS_MAX)) this.#sendOne();
      await rest(1);
    }
  }

  #sendOne(): void {
    const { topic, partition } = this.#task;
    const sentMs = nowMs();
    const value = `probe ${sentMs}`;
    this.#producer.send({ topic, partition, value }).then(
      () => {
        this.#ackedMs.push(nowMs());
        this.#newestSentMs = Math.max(this.#newestSentMs, sentMs);
      },
      () => {
        this.#failed++;
      },
    );
  }
}

/** Comparable between processes, and never set back while one runs. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
