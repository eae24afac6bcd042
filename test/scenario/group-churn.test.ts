/** Fifty members that come and go all the time: each partition has one owner, and soon has one again (I-25, I-26). */
import type { Consumer } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { seededRandom } from '../harness/s3-gateway/fault.ts';
import { until } from '../harness/until.ts';
import { Ownership } from './groups/ownership.ts';
import { eventually, type GroupStage, openGroupStage } from './groups/stage.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

const SEED = 25;
const MEMBERS = 50;
const PARTITIONS = 60;
const CHURN_MS = 60_000;
const STEP_MS = 250;
/** A busy machine takes longer for them. */
const STEPS_MIN = 50;
const SESSION_MS = 10_000;
const OWNED_MS = SESSION_MS + 5_000;

let stage: GroupStage;

beforeAll(async () => {
  stage = await openGroupStage();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** Places of a group that members take and leave. */
class Crowd {
  readonly ownership = new Ownership();
  /** `partition/offset` of every record that was handled. */
  readonly handled = new Set<string>();
  readonly #members = new Map<number, { readonly name: string; readonly consumer: Consumer }>();
  readonly #runs: Promise<void>[] = [];
  readonly #topic: string;
  #lives = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  /** Who is there leaves, and who is not joins; the last one stays. */
  async toggle(place: number): Promise<void> {
    const there = this.#members.get(place);
    if (there === undefined) return await this.#join(place);
    if (this.#members.size === 1) return;
    this.#members.delete(place);
    await there.consumer.close();
  }

  look(): void {
    for (const { name, consumer } of this.#members.values()) this.ownership.look(name, consumer);
  }

  async close(): Promise<void> {
    for (const { consumer } of this.#members.values()) await consumer.close();
    await Promise.all(this.#runs);
  }

  async #join(place: number): Promise<void> {
    const name = `${place}.${this.#lives++}`;
    const consumer = await stage.connect(this.#topic, {
      autoCommit: true,
      autoCommitIntervalMs: 500,
      sessionTimeoutMs: SESSION_MS,
    });
    this.#members.set(place, { name, consumer });
    await consumer.subscribe([this.#topic], this.ownership.listener(name, consumer));
    const run = consumer.run({
      eachRecord: ({ partition, offset }) => void this.handled.add(`${partition}/${offset}`),
    });
    this.#runs.push(run);
  }
}

test('I-25 I-26: fifty members that join and leave at random for a minute', async () => {
  const topic = 'churn';
  await stage.admin.createTopic({ name: topic, partitions: PARTITIONS });
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const random = seededRandom(SEED);
  const crowd = new Crowd(topic);
  for (let place = 0; place < MEMBERS; place += 2) await crowd.toggle(place);
  await eventually(() => crowd.ownership.owned === PARTITIONS);
  const startMs = performance.now();
  let [rounds, steps] = [0, 0];
  while (performance.now() - startMs < CHURN_MS || steps < STEPS_MIN) {
    await crowd.toggle(Math.floor(random() * MEMBERS));
    crowd.look();
    if (++steps % 10 === 0) {
      await stage.fill(topic, 1, all);
      rounds++;
    }
    const dueMs = startMs + steps * STEP_MS;
    await until(() => performance.now() >= dueMs, AbortSignal.timeout(CHURN_MS));
  }
  await eventually(() => crowd.ownership.owned === PARTITIONS);
  await eventually(() => crowd.handled.size === PARTITIONS * rounds);
  crowd.look();
  await crowd.close();
  expect(crowd.ownership.doubles).toEqual([]);
  expect(crowd.ownership.longestGapMs).toBeLessThan(OWNED_MS);
});
