import { randomUUID } from 'node:crypto';
import { epoch, partitionIndex } from '@streamhouse/core/ids.ts';
import { describe, expect, test } from 'vitest';
import {
  holdTopic,
  MANY,
  producerAt,
  registerAgent,
  requestFor,
  runFor,
  SETTINGS,
  soon,
} from '../pg/log.test-support.ts';
import type { LeaseCount } from '../leases.ts';
import type { Metadata } from '../port.ts';

export function leaseConformance(metadata: () => Metadata): void {
  describe('takeover', () => {
    registerTakeover(metadata);
  });
  describe('release', () => {
    registerRelease(metadata);
  });
  describe('leases', () => {
    registerLeases(metadata);
  });
}

function registerTakeover(metadata: () => Metadata): void {
  test('takes free partitions and those of a fenced holder, not those of a live one', async () => {
    const { me, held } = await holdTopic(metadata(), 2);
    const other = await registerAgent(metadata());
    expect(await metadata().leases.takeover(other, held, soon())).toEqual([]);
    await metadata().agents.fence(me, undefined, soon());
    const taken = await metadata().leases.takeover(other, held, soon());
    expect(taken.map((one) => one.epoch)).toEqual(held.map((one) => one.epoch + 1));
    const lease = await metadata().leases.holder(held[0]!.topicId, held[0]!.partition, soon());
    expect(lease).toMatchObject({ holder: other, epoch: held[0]!.epoch + 1, pool: 'default' });
  });

  test('takes none for a fenced incarnation', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    await metadata().leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    await metadata().agents.fence(me, undefined, soon());
    expect(await metadata().leases.takeover(me, held, soon())).toEqual([]);
  });

  test('gives each partition once when agents take at the same time', MANY, async () => {
    for (let round = 0; round < 10; round++) {
      const { me, held } = await holdTopic(metadata(), 100);
      const takers = await Promise.all([registerAgent(metadata()), registerAgent(metadata())]);
      await metadata().agents.fence(me, undefined, soon());
      const taken = await Promise.all(
        takers.map((taker) => metadata().leases.takeover(taker, held, soon())),
      );
      const partitions = taken.flat().map((one) => one.partition);
      expect(new Set(partitions).size).toBe(partitions.length);
      for (const one of taken.flat()) expect(one.epoch).toBe(held[one.partition]!.epoch + 1);
    }
  });
}

function registerRelease(metadata: () => Metadata): void {
  test('to an heir gives it the partition at once', async () => {
    const { me, held } = await holdTopic(metadata(), 2);
    const heir = await registerAgent(metadata());
    const run = runFor(held[0]!, { producers: [producerAt(4, 0)] });
    await metadata().log.publish(requestFor(me, [run]), soon());
    const handovers = held.map((one) => ({ ...one, heir }));
    expect(await metadata().leases.release(me, handovers, soon())).toBe(2);
    expect(await metadata().leases.load(me, held, soon())).toEqual([]);
    const loaded = await metadata().leases.load(heir, held, soon());
    expect(loaded).toMatchObject([
      { partition: 0, epoch: held[0]!.epoch + 1, nextOffset: 10, producers: [producerAt(4, 0)] },
      { partition: 1, epoch: held[1]!.epoch + 1, nextOffset: 0, producers: [] },
    ]);
  });

  test('to a fenced heir leaves the partition to whoever takes it', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const heir = await registerAgent(metadata());
    await metadata().agents.fence(heir, undefined, soon());
    expect(await metadata().leases.release(me, [{ ...held[0]!, heir }], soon())).toBe(1);
    const taken = await metadata().leases.takeover(me, held, soon());
    expect(taken.map((one) => one.epoch)).toEqual([held[0]!.epoch + 2]);
  });

  test('changes nothing at another epoch or by somebody else', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    const other = await registerAgent(metadata());
    const stale = { ...held[0]!, epoch: epoch(held[0]!.epoch + 1), heir: undefined };
    expect(await metadata().leases.release(me, [stale], soon())).toBe(0);
    expect(await metadata().leases.release(other, [{ ...held[0]!, heir: other }], soon())).toBe(0);
    const lease = await metadata().leases.holder(held[0]!.topicId, held[0]!.partition, soon());
    expect(lease).toMatchObject({ holder: me, epoch: held[0]!.epoch });
  });

  test('changes nothing by a fenced incarnation', async () => {
    const { me, held } = await holdTopic(metadata(), 1);
    await metadata().agents.fence(me, undefined, soon());
    expect(await metadata().leases.release(me, [{ ...held[0]!, heir: undefined }], soon())).toBe(0);
  });
}

function registerLeases(metadata: () => Metadata): void {
  test("are counted by holder, those of a fenced one as nobody's", async () => {
    const pool = `pool-${randomUUID()}`;
    const { name, topicId } = await metadata().topics.create(
      `counted-${randomUUID()}`,
      5,
      { ...SETTINGS, pool },
      soon(),
    );
    const free = (await metadata().leases.all(soon())).filter((one) => one.topicId === topicId);
    const [me, dead] = [await registerAgent(metadata()), await registerAgent(metadata())];
    await metadata().leases.takeover(me, free.slice(0, 2), soon());
    await metadata().leases.takeover(dead, free.slice(2, 3), soon());
    await metadata().agents.fence(dead, undefined, soon());
    const counts = (topics: readonly string[]): Promise<readonly LeaseCount[]> =>
      metadata().leases.counts(pool, topics, soon());
    const both = [
      { holder: me, partitions: 2 },
      { holder: undefined, partitions: 3 },
    ];
    expect(new Set(await counts([]))).toEqual(new Set(both));
    expect(new Set(await counts([name]))).toEqual(new Set(both));
    expect(await counts(['another'])).toEqual([]);
    await metadata().topics.delete(topicId, soon());
    expect(await counts([])).toEqual([]);
  });

  test('I-05: epochs strictly increase through release, takeover and a new life', async () => {
    const { me, topicId, held } = await holdTopic(metadata(), 1);
    const seen: number[] = [held[0]!.epoch];
    const note = async (): Promise<void> => {
      const lease = await metadata().leases.holder(topicId, held[0]!.partition, soon());
      seen.push(lease!.epoch);
    };
    await metadata().leases.release(me, [{ ...held[0]!, heir: undefined }], soon());
    await note();
    const again = await metadata().leases.takeover(me, held, soon());
    await note();
    const heir = await registerAgent(metadata(), 'twice');
    await metadata().leases.release(me, [{ ...again[0]!, heir }], soon());
    await note();
    const reborn = await registerAgent(metadata(), 'twice');
    await metadata().leases.takeover(reborn, held, soon());
    await note();
    await metadata().topics.delete(topicId, soon());
    expect(await metadata().leases.holder(topicId, held[0]!.partition, soon())).toBeUndefined();
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
    expect(seen).toHaveLength(5);
  });

  test('I-05: those of a deleted topic stay with it: its name made again is other partitions', async () => {
    const topic = await metadata().topics.create('made-again', 1, SETTINGS, soon());
    const old = { topicId: topic.topicId, partition: partitionIndex(0) };
    const me = await registerAgent(metadata());
    const [held] = await metadata().leases.takeover(me, [old], soon());
    await metadata().topics.delete(topic.topicId, soon());
    const again = await metadata().topics.create('made-again', 1, SETTINGS, soon());
    expect(await metadata().leases.takeover(me, [old], soon())).toEqual([]);
    const zombie = requestFor(me, [runFor(held!)]);
    expect(await metadata().log.publish(zombie, soon())).toEqual({ accepted: [] });
    const range = await metadata().log.range(again.topicId, old.partition, soon());
    expect(range.nextOffset).toBe(0);
  });

  test('all leases are sorted, and a fenced holder counts as nobody', async () => {
    const { me, topicId, held } = await holdTopic(metadata(), 3);
    await metadata().leases.release(me, [{ ...held[1]!, heir: undefined }], soon());
    const of = async (): Promise<unknown[]> => {
      const all = await metadata().leases.all(soon());
      return all.filter((lease) => lease.topicId === topicId).map((lease) => lease.holder);
    };
    expect(await of()).toEqual([me, undefined, me]);
    await metadata().agents.fence(me, undefined, soon());
    expect(await of()).toEqual([undefined, undefined, undefined]);
    const all = await metadata().leases.all(soon());
    const keys = all.map((lease) => `${lease.topicId}/${String(lease.partition).padStart(6, '0')}`);
    expect(keys).toEqual(keys.toSorted());
  });
}
