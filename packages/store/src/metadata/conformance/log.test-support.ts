import { offset, partitionIndex } from '@streamhouse/core/ids.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  holdTopic,
  MANY,
  nextOffset,
  onePartition,
  producerAt,
  registerAgent,
  requestFor,
  runFor,
  soon,
} from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';

export function logConformance(metadata: () => Metadata): void {
  describe('publish', () => {
    registerPublish(metadata);
    registerFences(metadata);
  });
  describe('I-09: a publish that is submitted again', () => {
    registerAgain(metadata);
  });
  describe('I-12: producer state', () => {
    registerProducers(metadata);
  });
  describe('reads', () => {
    registerReads(metadata);
  });
}

function registerPublish(metadata: () => Metadata): void {
  test('makes all runs of an object visible at once', async () => {
    const { me, held } = await holdTopic(metadata(), 3);
    const request = requestFor(
      me,
      held.map((one, index) => runFor(one, { position: index * 1_000, crc: index })),
    );
    const { accepted } = await metadata().log.publish(request, soon());
    expect(accepted).toEqual([0, 1, 2]);
    const run = await metadata().log.runs(
      held[2]!.topicId,
      held[2]!.partition,
      offset(0),
      10,
      soon(),
    );
    expect(run).toEqual([
      {
        baseOffset: 0,
        lastOffset: 9,
        epoch: held[2]!.epoch,
        objectKey: request.objectKey,
        position: 2_000,
        length: 1_000,
        crc: 2,
        maxTimestampMs: 1_700_000_000_000,
      },
    ]);
    const states = await metadata().topics.partitions(held[0]!.topicId, soon());
    expect(states.map((state) => state.bytes)).toEqual([1_000, 1_000, 1_000]);
  });

  test('I-03: accepts a run only at the next offset, which never falls', MANY, async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const [one] = held;
    let next = 0;
    const step = fc.record({
      count: fc.integer({ min: 1, max: 50 }),
      shift: fc.integer({ min: -3, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(step, async ({ count, shift }) => {
        const base = offset(Math.max(0, next + shift));
        const run = runFor(one!, { baseOffset: base, recordCount: count });
        const { accepted } = await metadata().log.publish(requestFor(me, [run]), soon());
        expect(accepted).toEqual(base === next ? [0] : []);
        if (base === next) next += count;
        expect(await nextOffset(metadata(), one!)).toBe(next);
      }),
      { numRuns: 100 },
    );
    const runs = await metadata().log.runs(one!.topicId, one!.partition, offset(0), 1_000, soon());
    expect(runs[0]!.baseOffset).toBe(0);
    expect(runs.at(-1)!.lastOffset).toBe(next - 1);
    for (let index = 1; index < runs.length; index++) {
      expect(runs[index]!.baseOffset).toBe(runs[index - 1]!.lastOffset + 1);
    }
  });

  test('I-03: refuses a run without records', async () => {
    const { held, request } = await onePartition(metadata());
    const empty = { ...request, runs: [runFor(held, { recordCount: 0 })] };
    await expect(metadata().log.publish(empty, soon())).rejects.toMatchObject({ kind: 'internal' });
    expect(await nextOffset(metadata(), held)).toBe(0);
  });
}

function registerFences(metadata: () => Metadata): void {
  test('I-04: an object that was uploaded before the fence cannot be published after it', async () => {
    const { held, request } = await onePartition(metadata());
    await metadata().agents.fence(request.incarnation, undefined, soon());
    await expect(metadata().log.publish(request, soon())).rejects.toMatchObject({
      kind: 'fenced',
      reason: 'AGENT_FENCED',
    });
    expect(await nextOffset(metadata(), held)).toBe(0);
    const runs = await metadata().log.runs(held.topicId, held.partition, offset(0), 1, soon());
    expect(runs).toEqual([]);
  });

  test('I-04: a stale epoch of the same live holder changes nothing', async () => {
    const { me, held } = await holdTopic(metadata(), 2);
    await metadata().leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    const [again] = await metadata().leases.takeover(me, [held[0]!], soon());
    const stale = requestFor(me, [runFor(held[0]!), runFor(held[1]!)]);
    expect(await metadata().log.publish(stale, soon())).toEqual({ accepted: [1] });
    expect(await nextOffset(metadata(), held[0]!)).toBe(0);
    const fresh = requestFor(me, [runFor(again!)]);
    expect(await metadata().log.publish(fresh, soon())).toEqual({ accepted: [0] });
  });

  test('I-04: a live incarnation that is not the holder changes nothing', async () => {
    const { held } = await onePartition(metadata());
    const other = await registerAgent(metadata());
    const request = requestFor(other, [runFor(held)]);
    expect(await metadata().log.publish(request, soon())).toEqual({ accepted: [] });
    expect(await nextOffset(metadata(), held)).toBe(0);
  });

  test('I-04: when fence and publish race, nothing appears after the fence', MANY, async () => {
    const { me, held } = await holdTopic(metadata(), 200);
    await metadata().agents.fence(me, undefined, soon());
    for (const free of held) {
      const holder = await registerAgent(metadata());
      const [one] = await metadata().leases.takeover(holder, [free], soon());
      const publishing = metadata()
        .log.publish(requestFor(holder, [runFor(one!)]), soon())
        .then(
          (result) => result.accepted.length,
          () => 0,
        );
      await metadata().agents.fence(holder, undefined, soon());
      const atFence = await nextOffset(metadata(), one!);
      const accepted = await publishing;
      expect(await nextOffset(metadata(), one!)).toBe(atFence);
      expect(atFence).toBe(accepted * 10);
    }
  });
}

function registerAgain(metadata: () => Metadata): void {
  test('tells what a committed one did, and does it once', async () => {
    const { held, request } = await onePartition(metadata());
    const first = await metadata().log.publish(request, soon());
    expect(await metadata().log.publish(request, soon())).toEqual(first);
    expect(await nextOffset(metadata(), held)).toBe(10);
  });

  test('tells which runs a committed one accepted, even if others would be by now', async () => {
    const { me, held } = await holdTopic(metadata(), 2);
    const early = requestFor(me, [runFor(held[0]!, { baseOffset: offset(10) }), runFor(held[1]!)]);
    expect(await metadata().log.publish(early, soon())).toEqual({ accepted: [1] });
    await metadata().log.publish(requestFor(me, [runFor(held[0]!)]), soon());
    expect(await metadata().log.publish(early, soon())).toEqual({ accepted: [1] });
    expect(await nextOffset(metadata(), held[0]!)).toBe(10);
  });

  test('tells that nothing was accepted, even if it would be by now', async () => {
    const { held, request } = await onePartition(metadata());
    const early = {
      ...request,
      objectKey: `${request.objectKey}-2`,
      runs: [runFor(held, { baseOffset: offset(10) })],
    };
    expect(await metadata().log.publish(early, soon())).toEqual({ accepted: [] });
    await metadata().log.publish(request, soon());
    expect(await metadata().log.publish(early, soon())).toEqual({ accepted: [] });
  });

  test('tells what a committed one did after the session was fenced', async () => {
    const { request } = await onePartition(metadata());
    await metadata().log.publish(request, soon());
    await metadata().agents.fence(request.incarnation, undefined, soon());
    expect(await metadata().log.publish(request, soon())).toEqual({ accepted: [0] });
  });

  test('is refused as fenced, whoever had its key first', async () => {
    const { request } = await onePartition(metadata());
    await metadata().log.publish(request, soon());
    const other = await registerAgent(metadata());
    await metadata().agents.fence(other, undefined, soon());
    const stolen = { ...request, incarnation: other };
    await expect(metadata().log.publish(stolen, soon())).rejects.toMatchObject({ kind: 'fenced' });
  });

  test('is refused for a key of another incarnation', async () => {
    const { request } = await onePartition(metadata());
    await metadata().log.publish(request, soon());
    const other = await registerAgent(metadata());
    const stolen = { ...request, incarnation: other };
    await expect(metadata().log.publish(stolen, soon())).rejects.toMatchObject({
      kind: 'internal',
    });
  });
}

function registerProducers(metadata: () => Metadata): void {
  test('changes with an accepted run only', async () => {
    const { me, held } = await holdTopic(metadata(), 2);
    const first = requestFor(
      me,
      held.map((one) => runFor(one, { producers: [producerAt(7, 0)] })),
    );
    await metadata().log.publish(first, soon());
    const second = requestFor(me, [
      runFor(held[0]!, { baseOffset: offset(10), producers: [producerAt(7, 10)] }),
      runFor(held[1]!, { baseOffset: offset(11), producers: [producerAt(7, 11)] }),
    ]);
    expect(await metadata().log.publish(second, soon())).toEqual({ accepted: [0] });
    const loaded = await metadata().leases.load(me, held, soon());
    expect(loaded.map((one) => one.producers)).toEqual([[producerAt(7, 10)], [producerAt(7, 0)]]);
  });

  test('is not touched by a publish that is submitted again', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const first = requestFor(me, [runFor(held[0]!, { producers: [producerAt(7, 0)] })]);
    await metadata().log.publish(first, soon());
    const change = { baseOffset: offset(10), producers: [producerAt(7, 10)] };
    await metadata().log.publish(requestFor(me, [runFor(held[0]!, change)]), soon());
    await metadata().log.publish(first, soon());
    const [loaded] = await metadata().leases.load(me, held, soon());
    expect(loaded!.producers).toEqual([producerAt(7, 10)]);
  });

  test('of many producers in one run survives a takeover, oldest first', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const producers = [producerAt(9, 0), producerAt(5, 10), producerAt(8, 20)];
    const full = {
      ...producers[2]!,
      batches: [5, 10, 15, 18, 20].flatMap((base) => producerAt(8, base).batches),
    };
    const run = runFor(held[0]!, {
      recordCount: 30,
      producers: [full, producers[0]!, producers[1]!],
    });
    await metadata().log.publish(requestFor(me, [run]), soon());
    await metadata().agents.fence(me, undefined, soon());
    const heir = await registerAgent(metadata());
    const [taken] = await metadata().leases.takeover(heir, held, soon());
    expect(taken!.nextOffset).toBe(30);
    expect(taken!.producers).toEqual([producers[0], producers[1], full]);
  });
}

function registerReads(metadata: () => Metadata): void {
  test('find the run that holds an offset, and those after it up to the limit', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const [one] = held;
    for (const base of [0, 10, 20, 30]) {
      const change = { baseOffset: offset(base), maxTimestampMs: 1_000 + base };
      await metadata().log.publish(requestFor(me, [runFor(one!, change)]), soon());
    }
    const bases = async (from: number, limit: number): Promise<number[]> => {
      const runs = await metadata().log.runs(
        one!.topicId,
        one!.partition,
        offset(from),
        limit,
        soon(),
      );
      return runs.map((run) => run.baseOffset);
    };
    expect(await bases(0, 10)).toEqual([0, 10, 20, 30]);
    expect(await bases(15, 2)).toEqual([10, 20]);
    expect(await bases(39, 10)).toEqual([30]);
    expect(await bases(40, 10)).toEqual([]);
  });

  test('find the first run with a timestamp at or after the one asked for', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const [one] = held;
    for (const [base, time] of [
      [0, 1_000],
      [10, 3_000],
      [20, 2_000],
    ] as const) {
      const change = { baseOffset: offset(base), maxTimestampMs: time };
      await metadata().log.publish(requestFor(me, [runFor(one!, change)]), soon());
    }
    const find = (time: number) =>
      metadata().log.runByTimestamp(one!.topicId, one!.partition, time, soon());
    expect((await find(1_001))!.baseOffset).toBe(10);
    expect((await find(1_000))!.baseOffset).toBe(0);
    expect(await find(3_001)).toBeUndefined();
  });

  test('of a partition that is not there name it', async () => {
    const { held } = await onePartition(metadata());
    const range = metadata().log.range(held.topicId, partitionIndex(1), soon());
    await expect(range).rejects.toMatchObject({ kind: 'notFound', reason: 'PARTITION_MISSING' });
  });

  test('a producer id is given once', async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, () => metadata().log.allocateProducerId(soon())),
    );
    expect(new Set(ids).size).toBe(50);
  });
}
