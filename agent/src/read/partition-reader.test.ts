import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { type Offset, offset, type PartitionIndex } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { encodeObject } from '@streamhouse/core/object/wal-object.ts';
import { iterateBatches } from '@streamhouse/core/record/batch-header.ts';
import { decodeBatches } from '@streamhouse/core/record/decode.ts';
import {
  buildBatch,
  CODECS,
  plainRecords,
} from '@streamhouse/core/testing/batches.test-support.ts';
import type { HeldPartition as HeldPartitionRow } from '@streamhouse/store/metadata/leases.ts';
import type { LogStore, StoredRun } from '@streamhouse/store/metadata/log.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { holdTopic, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { ByteRange, ObjectStore } from '@streamhouse/store/objects/port.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HeldPartition } from '../partition/held-partition.ts';
import { BlockReader } from './block-reader.ts';
import { ObjectCache } from './object-cache.ts';
import { PartitionReader, type ReadBatches } from './partition-reader.ts';

let database: TestDatabase;
let metadata: Metadata;
let root: string;
let store: ObjectStore;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  root = await mkdtemp(join(tmpdir(), 'streamhouse-reader-'));
  store = await openDirectoryStore({ root });
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
  await database[Symbol.asyncDispose]();
});

interface Written {
  readonly key: string;
  readonly run: StoredRun;
  readonly bytes: Uint8Array;
}

interface Rig {
  /** Ranged reads of the store, `key@position`, in their order. */
  readonly gets: string[];
  /** Queries for runs. */
  readonly queries: number;
  /** Every object published so far, of the first partition. */
  readonly written: readonly Written[];
  readonly cache: ObjectCache;
  /** Publishes one object with as many batches of ten records as asked, each with that many bytes more, in partition 0. */
  write(batches: number, paddingBytes?: number): Promise<Written>;
  /** The partition as a holder that comes now finds it, with what was written remembered as recent or not. */
  partition(isRecent: boolean): Promise<HeldPartition>;
  read(partition: HeldPartition, from: number, bytesMax?: number): Promise<ReadBatches>;
  /** What the next reads of the store get instead of its bytes. */
  alterNext(alter: (bytes: Uint8Array) => Uint8Array): void;
}

async function openRig(cacheBytes = 0): Promise<Rig> {
  const { me, held } = await holdTopic(metadata, 2);
  const [row, other] = held as [HeldPartitionRow, HeldPartitionRow];
  const written: Written[] = [];
  const gets: string[] = [];
  const alterations: ((bytes: Uint8Array) => Uint8Array)[] = [];
  let queries = 0;
  let next = 0;
  const counting: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
    async get(key: string, range: ByteRange, options: { signal: AbortSignal }) {
      gets.push(`${key}@${range.position}`);
      const bytes = await store.get(key, range, options);
      return alterations.shift()?.(bytes) ?? bytes;
    },
  });
  const log: LogStore = Object.assign(Object.create(metadata.log) as LogStore, {
    runs(...args: Parameters<LogStore['runs']>) {
      queries++;
      return metadata.log.runs(...args);
    },
  });
  const cache = new ObjectCache(cacheBytes);
  const reader = new PartitionReader(log, cache, new BlockReader(counting, systemClock, soon()));
  const runOf = (
    of: HeldPartitionRow,
    baseOffset: number,
    batches: readonly Uint8Array[],
  ): Parameters<typeof encodeObject>[0][number] => ({
    topicId: of.topicId,
    partition: of.partition,
    epoch: of.epoch,
    baseOffset: offset(baseOffset),
    batches,
  });
  return {
    gets,
    get queries() {
      return queries;
    },
    written,
    cache,
    async write(batches, paddingBytes = 0) {
      const value = 'x'.repeat(paddingBytes);
      const records = plainRecords(10).map((record, index) =>
        index === 0 ? { ...record, value } : record,
      );
      const own = Array.from({ length: batches }, () => buildBatch(records));
      // The other partition's run lies in the same object.
      const object = encodeObject([runOf(row, next, own), runOf(other, next, own)], crc32c);
      const key = `test/${me}/${randomUUID()}`;
      await store.put(key, object.bytes, { signal: soon() });
      const runs = object.runs.map((layout) => ({ ...layout, producers: [] }));
      const request = { incarnation: me, objectKey: key, objectBytes: object.bytes.length, runs };
      const { accepted } = await metadata.log.publish(request, soon());
      expect(accepted).toEqual([0, 1]);
      const [stored] = await metadata.log.runs(row.topicId, row.partition, offset(next), 1, soon());
      next += batches * 10;
      const run = stored!;
      const bytes = object.bytes.subarray(run.position, run.position + run.length);
      const one = { key, run, bytes };
      written.push(one);
      cache.add(key, object.bytes);
      return one;
    },
    async partition(isRecent) {
      const [now] = await metadata.leases.load(me, [row], soon());
      const partition = new HeldPartition(now!);
      if (isRecent) for (const { run } of written) partition.recentRuns.push(run);
      return partition;
    },
    read: (partition, from, bytesMax = LIMITS.fetchBytesMax) =>
      reader.read(partition, offset(from), bytesMax, soon()),
    alterNext: (alter) => void alterations.push(alter),
  };
}

/** Base offsets of the batches. */
function batchesOf({ chunks }: ReadBatches): readonly Offset[] {
  return chunks.flatMap((chunk) =>
    [...iterateBatches(chunk)].map(({ header }) => header.baseOffset),
  );
}

function flip(bytes: Uint8Array, position: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[position]! ^= 1;
  return flipped;
}

async function failureOf(read: Promise<unknown>): Promise<StreamError> {
  try {
    await read;
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error('the read did not fail');
}

describe('reading a partition', () => {
  test('serves the tail from memory: no query, no read of the store', async () => {
    const rig = await openRig(1_000_000);
    await rig.write(3);
    await rig.write(2);
    const partition = await rig.partition(true);
    const read = await rig.read(partition, 0);
    expect(batchesOf(read)).toEqual([0, 10, 20, 30, 40]);
    expect(Buffer.concat(read.chunks)).toEqual(
      Buffer.concat(rig.written.map(({ bytes }) => bytes)),
    );
    expect(read.bytes).toBe(Buffer.concat(read.chunks).length);
    expect([rig.queries, rig.gets]).toEqual([0, []]);
  });

  test('reads what it did not write lately from the store, several runs side by side', async () => {
    const rig = await openRig();
    for (const batches of [3, 2, 1]) await rig.write(batches);
    const partition = await rig.partition(false);
    const read = await rig.read(partition, 0);
    expect(batchesOf(read)).toEqual([0, 10, 20, 30, 40, 50]);
    const records = read.chunks.flatMap((chunk) => decodeBatches(chunk, CODECS));
    expect(records.map((record) => record.offset)).toEqual(
      Array.from({ length: 60 }, (_, at) => at),
    );
    expect(rig.gets).toEqual(rig.written.map(({ key }) => `${key}@0`));
    // The next reads use what the first one learnt.
    expect(batchesOf(await rig.read(partition, 35))).toEqual([30, 40, 50]);
    expect([rig.queries, rig.gets.length]).toEqual([1, 3]);
  });

  test('begins with the batch that holds the offset and ends with the bytes asked for', async () => {
    const rig = await openRig();
    const { bytes } = await rig.write(4);
    await rig.write(2);
    const partition = await rig.partition(false);
    const batch = bytes.length / 4;
    expect(batchesOf(await rig.read(partition, 19, 2 * batch))).toEqual([10, 20]);
    expect(batchesOf(await rig.read(partition, 20, 3 * batch - 1))).toEqual([20, 30]);
    expect(batchesOf(await rig.read(partition, 59))).toEqual([50]);
    // At least one batch, whatever its size: else a reader would stand still for ever.
    expect(batchesOf(await rig.read(partition, 0, 1))).toEqual([0]);
    expect(batchesOf(await rig.read(partition, 39, 1))).toEqual([30]);
  });

  test('I-16 reads nothing at the high watermark and refuses what is outside, with the range', async () => {
    const rig = await openRig();
    await rig.write(1);
    const partition = await rig.partition(false);
    expect(await rig.read(partition, 10)).toEqual({ chunks: [], bytes: 0, records: 0 });
    const beyond = await failureOf(rig.read(partition, 11));
    expect(beyond).toMatchObject({ kind: 'outOfRange', details: { earliest: '0', latest: '10' } });
    expect(rig.gets).toEqual([]);
  });

  test('I-16 ends at the high watermark also where the store is ahead of it', async () => {
    const rig = await openRig();
    await rig.write(1);
    const partition = await rig.partition(false);
    // As a publish whose answer is not there yet: who read on past the mark would be refused, and start over.
    await rig.write(1);
    expect(batchesOf(await rig.read(partition, 0))).toEqual([0]);
    expect(batchesOf(await rig.read(partition, 0))).toEqual([0]);
  });

  test('I-21 a missing object is told with its offsets, and nothing else is lost', async () => {
    const rig = await openRig();
    for (const batches of [1, 2, 1]) await rig.write(batches);
    await unlink(join(root, rig.written[1]!.key));
    const partition = await rig.partition(false);
    expect(await failureOf(rig.read(partition, 25))).toMatchObject({
      kind: 'corrupt',
      reason: 'OBJECT_MISSING',
      details: { partition: '0', baseOffset: '10', lastOffset: '29' },
    });
    // From before the loss: what comes before it first.
    expect(batchesOf(await rig.read(partition, 0))).toEqual([0]);
    expect(batchesOf(await rig.read(partition, 30))).toEqual([30]);
  });

  test('I-21 any bit flip of a stored run is told with its offsets, and nothing else is lost', async () => {
    const rig = await openRig();
    for (const batches of [1, 2, 1]) await rig.write(batches);
    const { key, run } = rig.written[1]!;
    const file = join(root, key);
    const good = await readFile(file);
    for (let position = run.position; position < run.position + run.length; position += 7) {
      await writeFile(file, flip(good, position));
      const partition = await rig.partition(false);
      const error = await failureOf(rig.read(partition, 10));
      expect(error).toMatchObject({
        kind: 'corrupt',
        reason: 'RUN_CRC',
        details: { partition: '0', baseOffset: '10', lastOffset: '29' },
      });
    }
    const partition = await rig.partition(false);
    expect(batchesOf(await rig.read(partition, 0))).toEqual([0]);
    expect(batchesOf(await rig.read(partition, 30))).toEqual([30]);
    // The file is whole again: no bad block may have stayed in the cache.
    await writeFile(file, good);
    expect(batchesOf(await rig.read(partition, 10))).toEqual([10, 20, 30]);
  });

  test('I-21 a truncated object is told with its offsets', async () => {
    const rig = await openRig();
    const { key, run } = await rig.write(2);
    const partition = await rig.partition(false);
    for (const length of [run.position + run.length - 1, run.position + 1, 0]) {
      await truncate(join(root, key), length);
      expect(await failureOf(rig.read(partition, 0))).toMatchObject({
        kind: 'corrupt',
        details: { baseOffset: '0', lastOffset: '19' },
      });
    }
  });

  test("I-14 another partition's bytes are corrupt, not data", async () => {
    const rig = await openRig();
    await rig.write(1);
    const partition = await rig.partition(false);
    const rowsOf = (part: number) => [partition.topicId, part as PartitionIndex] as const;
    const [other] = await metadata.log.runs(...rowsOf(1), offset(0), 1, soon());
    await database.sql(
      'UPDATE batches SET position = $3, crc = $4 WHERE topic_id = $1 AND part = $2',
      [...rowsOf(0), other!.position, other!.crc],
    );
    expect(await failureOf(rig.read(partition, 0))).toMatchObject({ reason: 'RUN_CRC' });
  });

  test('I-21 a gap between the runs is told with its offsets', async () => {
    const rig = await openRig();
    for (const batches of [1, 2, 1]) await rig.write(batches);
    const partition = await rig.partition(false);
    await database.sql(
      'DELETE FROM batches WHERE topic_id = $1 AND part = 0 AND base_offset = 10',
      [partition.topicId],
    );
    expect(await failureOf(rig.read(partition, 15))).toMatchObject({
      kind: 'corrupt',
      reason: 'RUN_MISSING',
      details: { baseOffset: '15', lastOffset: '29' },
    });
  });

  test('asks the store once more when the bytes it has are bad', async () => {
    const rig = await openRig();
    await rig.write(1);
    rig.alterNext((bytes) => flip(bytes, 3));
    expect(batchesOf(await rig.read(await rig.partition(false), 0))).toEqual([0]);
    expect(rig.gets).toHaveLength(2);
  });

  test('reads a block once, however many wait for it, and each block of a large run once', async () => {
    const rig = await openRig();
    for (let count = 0; count < 3; count++) await rig.write(2, 900_000);
    const partition = await rig.partition(false);
    const reads = await Promise.all(Array.from({ length: 20 }, () => rig.read(partition, 0)));
    for (const read of reads) expect(batchesOf(read)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(new Set(rig.gets).size).toBe(rig.gets.length);
    // 1.8 MB, or two blocks of 1 MiB, of each object: not the run of the other partition behind it.
    expect(rig.gets).toHaveLength(6);
  });
});
