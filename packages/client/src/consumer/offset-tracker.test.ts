import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConsumerRecord } from '../public/record.ts';
import { OffsetTracker } from './offset-tracker.ts';

interface Reader {
  readonly topic: string;
  readonly partition: number;
  position: number;
}

const PARTITIONS = 3;

function record(partition: number, offset: number): ConsumerRecord {
  return { topic: 't', partition, offset, timestampMs: 0, key: null, value: null, headers: [] };
}

/** A consumer in small: it hands records out, and knows of each whether the program is done with it. */
class World {
  readonly readers: Reader[] = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic: 't',
    partition,
    position: 0,
  }));
  readonly tracker = new OffsetTracker<Reader>();
  /** First offset that the program is not done with, by partition. */
  readonly done: number[] = Array<number>(PARTITIONS).fill(0);
  /** Offset after the last record that the program was given, by partition. */
  readonly given: number[] = Array<number>(PARTITIONS).fill(0);
  #rest: ConsumerRecord[] = [];
  #current: ConsumerRecord | undefined;

  readonly #polled = new Set<number>();

  poll(counts: readonly number[]): ConsumerRecord[] {
    this.putBack();
    this.comeBack();
    const records: ConsumerRecord[] = [];
    for (const [partition, count] of counts.entries()) {
      const reader = this.readers[partition]!;
      if (count > 0) this.tracker.handOut(reader, reader.position);
      for (let index = 0; index < count; index++) {
        records.push(record(partition, reader.position++));
      }
    }
    return records;
  }

  pollBatch(counts: readonly number[]): void {
    for (const { partition, offset } of this.poll(counts)) {
      this.given[partition] = offset + 1;
      this.#polled.add(partition);
    }
  }

  pollEach(counts: readonly number[]): void {
    this.#rest = this.poll(counts);
    this.tracker.iterate([...this.#rest]);
  }

  step(): void {
    const next = this.tracker.step();
    expect(next).toEqual(this.#rest[0]);
    if (next === undefined) return;
    if (this.#current !== undefined) this.done[this.#current.partition] = this.#current.offset + 1;
    this.#current = this.#rest.shift();
    this.given[next.partition] = next.offset + 1;
  }

  /** The next poll: the program is done with all that it was given. */
  comeBack(): void {
    this.tracker.comeBack();
    this.#polled.clear();
    this.#current = undefined;
    for (const partition of this.done.keys()) this.done[partition] = this.given[partition]!;
  }

  putBack(): void {
    for (const partition of this.readers.keys()) this.withdraw(partition);
  }

  /** A revocation takes back what the program does not have yet. */
  withdraw(partition: number): void {
    const reader = this.readers[partition]!;
    const position = this.tracker.withdraw(reader);
    expect(position).toBe(this.#rest.find((one) => one.partition === partition)?.offset);
    if (position !== undefined) reader.position = position;
    this.#rest = this.#rest.filter((one) => one.partition !== partition);
  }

  seek(partition: number, position: number): void {
    const reader = this.readers[partition]!;
    this.withdraw(partition);
    this.tracker.forget(reader);
    reader.position = position;
    this.#polled.delete(partition);
    if (this.#current?.partition === partition) this.#current = undefined;
    this.done[partition] = position;
    this.given[partition] = position;
  }

  commit(partition: number, share: number): void {
    const end =
      this.done[partition]! + Math.floor((this.given[partition]! - this.done[partition]!) * share);
    this.tracker.comeBackFrom(this.readers[partition]!, end);
    this.done[partition] = end;
    if (end === this.given[partition]) this.#polled.delete(partition);
  }
}

const partitionOf = fc.nat(PARTITIONS - 1);
const counts = fc.array(fc.nat(4), { minLength: PARTITIONS, maxLength: PARTITIONS });
const action = fc.oneof(
  counts.map((each) => (world: World) => world.pollBatch(each)),
  counts.map((each) => (world: World) => world.pollEach(each)),
  fc.nat(4).map((times) => (world: World) => {
    for (let count = 0; count < times; count++) world.step();
  }),
  fc.tuple(partitionOf, fc.nat(20)).map(([partition, at]) => (world: World) => {
    world.seek(partition, at);
  }),
  partitionOf.map((partition) => (world: World) => world.withdraw(partition)),
  fc.tuple(partitionOf, fc.double({ min: 0, max: 1, noNaN: true })).map(
    ([partition, share]) =>
      (world: World) =>
        world.commit(partition, share),
  ),
);

test('I-26: what may be committed by itself is never ahead of what the program is done with', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const world = new World();
      for (const act of actions) {
        act(world);
        for (const [partition, reader] of world.readers.entries()) {
          expect(world.tracker.consumed(reader)).toBe(world.done[partition]);
          expect(world.tracker.handedOut(reader)).toBe(world.given[partition]);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a partition is out while the program has records of it, and who waits hears that it came back', () => {
  const world = new World();
  const [first, second] = world.readers as [Reader, Reader];
  let returns = 0;
  const stop = world.tracker.onReturn(() => returns++);
  world.pollEach([1, 2, 0]);
  world.step();
  expect([first, second].map((reader) => world.tracker.isOut(reader))).toEqual([true, true]);
  world.withdraw(1);
  expect(world.tracker.isOut(second)).toBe(false);
  world.step();
  expect(world.tracker.isOut(first)).toBe(true);
  world.pollBatch([0, 1, 0]);
  expect(returns).toBeGreaterThan(0);
  expect([first, second].map((reader) => world.tracker.isOut(reader))).toEqual([false, true]);
  stop();
  const heard = returns;
  world.comeBack();
  expect(returns).toBe(heard);
});
