/**
 * Bad batches, places and sequences on gRPC, against an agent process: each gets its typed answer, and the agent stays small
 * and awake (B-05 to B-09).
 */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { writeInt16, writeInt32, writeInt64 } from '@streamhouse/core/bytes/fixed.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { FIELD } from '@streamhouse/core/record/batch-header.ts';
import {
  batchOf,
  buildBatch,
  forge,
  plainRecords,
} from '@streamhouse/core/testing/batches.test-support.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { expectUnmoved } from '../harness/agent-gauge.ts';
import { encodeRequest } from '../harness/raw-grpc.ts';
import {
  compressedBatch,
  expandingBatch,
  Target,
  TARGET_PARTITIONS,
  TARGET_TOPIC,
} from '../harness/target.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const INVALID_ARGUMENT = 3;
const OUT_OF_RANGE = 11;

let target: Target;

beforeAll(async () => {
  target = await Target.start();
});
afterAll(() => target?.[Symbol.asyncDispose]());

describe('B-05 partitions and offsets', () => {
  test.each([-1, TARGET_PARTITIONS, 0x7fffffff, -0x80000000])(
    'partition %i is out of range',
    async (partition) => {
      const details = { field: 'partition', earliest: '0', latest: '2' };
      const expected = { reason: 'PARTITION_OUT_OF_RANGE', details };
      const records = [{ value: Buffer.from('x') }];
      const failure = await target.raw.failure('ProducerService/Produce', {
        topic: TARGET_TOPIC,
        partition,
        records,
      });
      expect(failure).toMatchObject({ code: OUT_OF_RANGE, ...expected });
      for (const { error } of [
        await target.fetchOne({ partition }),
        await target.listOne({ partition }),
        await target.ackOf(buildBatch(plainRecords(1)), { partition }),
      ])
        expect(error).toMatchObject({ kind: 'outOfRange', ...expected });
    },
  );

  test('an offset outside the readable range is told with that range, and never rounded', async () => {
    const { highWatermark } = await target.fetchOne({});
    // As int64 would be read when it is rounded: 2^53 + 1 has no neighbour that may stand for it.
    for (const offset of [
      '-1',
      String(highWatermark + 1),
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
    ]) {
      const { error } = await target.fetchOne({ offset });
      expect([offset, error]).toMatchObject([
        offset,
        { kind: 'outOfRange', details: { earliest: '0', latest: String(highWatermark) } },
      ]);
    }
    expect(await target.fetchOne({ offset: highWatermark })).toMatchObject({ error: null });
  });

  test('a credit below nothing is refused', async () => {
    const call = target.raw.channel.consumer.fetchStream();
    const ended = new Promise((resolve) => call.on('error', resolve));
    call.on('data', () => undefined);
    call.write({
      partitions: [{ topicId: target.topicId, partition: 0, offset: 0 }],
      creditBytes: -1,
    });
    expect(await ended).toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringContaining('credit_bytes'),
    });
  });
});

describe('B-06 bounds of a fetch are clamped', () => {
  test.each([
    { maxBytes: 0 },
    { maxBytes: -1 },
    { maxBytes: 1, minBytes: 0x7fffffff },
    { maxBytes: 0x7fffffff, minBytes: -1 },
    { minBytes: 0, maxWaitMs: 0x7fffffff },
    { maxWaitMs: -1 },
  ])('%j answers at once with at least one batch', async (options) => {
    const fetched = await target.fetchOne({ partition: 1 }, options);
    expect(fetched.recordBatches.length).toBeGreaterThan(0);
    expect(fetched.recordBatches.length).toBeLessThanOrEqual(
      LIMITS.fetchBytesMax + LIMITS.batchBytesMax,
    );
  });

  test('no time to wait is none, and there is nothing', async () => {
    const { highWatermark } = await target.fetchOne({ partition: 1 });
    for (const maxWaitMs of [0, -1, -0x80000000]) {
      const fetched = await target.fetchOne({ partition: 1, offset: highWatermark }, { maxWaitMs });
      expect(fetched).toMatchObject({ error: null, recordBatches: Buffer.alloc(0) });
    }
  });
});

describe('B-07 batches that are none', () => {
  const good = buildBatch(plainRecords(10));
  const zeros = new Uint8Array(LIMITS.batchUncompressedBytesMax + 1);
  /** A frame whose header promises 4 GiB. */
  const forgedLz4 = Buffer.from(nativeCompression.compress('lz4', new Uint8Array(1000)));
  forgedLz4.writeUInt8(forgedLz4.readUInt8(4) | 0x08, 4);
  forgedLz4.writeBigUInt64LE(4_294_967_295n, 6);
  const flipped = Uint8Array.from(good);
  flipped[70]! ^= 1;
  /** One record: length 10, attributes, then a varint of eleven bytes. */
  const longVarint = Buffer.from(`1400${'80'.repeat(10)}01`, 'hex');

  const ROWS: readonly [string, Uint8Array, string][] = [
    ['forged LZ4 size', compressedBatch('lz4', forgedLz4), 'COMPRESSED_BYTES'],
    [
      'LZ4 bomb',
      compressedBatch('lz4', nativeCompression.compress('lz4', zeros)),
      'COMPRESSED_BYTES',
    ],
    ['zstd bomb', compressedBatch('zstd', zstdCompressSync(zeros)), 'COMPRESSED_BYTES'],
    ['gzip bomb', compressedBatch('gzip', gzipSync(zeros)), 'COMPRESSED_BYTES'],
    [
      'Snappy bomb',
      compressedBatch('snappy', Buffer.from('ffffffff0f00', 'hex')),
      'COMPRESSED_BYTES',
    ],
    ['no LZ4 at all', compressedBatch('lz4', Buffer.from('hello')), 'COMPRESSED_BYTES'],
    ['bad CRC', flipped, 'BATCH_CRC'],
    ['magic 1', Uint8Array.from(good).fill(1, 16, 17), 'BATCH_MAGIC'],
    [
      'one record more',
      forge(good, (bytes) => writeInt32(bytes, FIELD.recordCount, 11)),
      'BATCH_RECORD_COUNT',
    ],
    [
      'two billion records',
      forge(good, (bytes) => {
        writeInt32(bytes, FIELD.recordCount, 0x7fffffff);
        writeInt32(bytes, FIELD.lastOffsetDelta, 0x7ffffffe);
      }),
      'BATCH_RECORD_COUNT',
    ],
    [
      'fewer records',
      forge(good, (bytes) => {
        writeInt32(bytes, FIELD.recordCount, 9);
        writeInt32(bytes, FIELD.lastOffsetDelta, 8);
      }),
      'BATCH_RECORD_COUNT',
    ],
    ['a varint of eleven bytes', batchOf(longVarint, 1), 'VARLONG'],
    [
      'unknown compression',
      forge(good, (bytes) => writeInt16(bytes, FIELD.attributes, 7)),
      'BATCH_ATTRIBUTES',
    ],
    [
      'a control batch',
      forge(good, (bytes) => writeInt16(bytes, FIELD.attributes, 0x20)),
      'BATCH_ATTRIBUTES',
    ],
    ['no bytes', new Uint8Array(), 'BATCH_TRUNCATED'],
    ['a cut end', good.subarray(0, good.length - 1), 'BATCH_TRUNCATED'],
    ['two batches', Buffer.concat([good, good]), 'BATCH_LENGTH'],
  ];

  test.each(ROWS)('%s', async (_name, batch, reason) => {
    await expectUnmoved(target.agent, async () => {
      const acks = await target.acksOf(
        Array.from({ length: 50 }, () => ({ recordBatch: Buffer.from(batch) })),
      );
      expect(acks).toHaveLength(50);
      for (const { error } of acks) expect(error).toMatchObject({ kind: 'invalid', reason });
    });
  });

  test('I-41 hundreds in one message that are just allowed keep the agent from nobody', async () => {
    const recordBatch = expandingBatch();
    const batches = Array.from({ length: 300 }, () => ({ recordBatch }));
    // Each expands to 16 MiB for the time of its check, and the engine is in no hurry.
    const garbageBytesMax = 12 * LIMITS.batchUncompressedBytesMax;
    const acks = await expectUnmoved(
      target.agent,
      () => target.acksOf(batches, batches.length),
      garbageBytesMax,
    );
    expect(acks.filter(({ error }) => error === null)).toHaveLength(300);
  });
});

describe('B-08 timestamps and headers', () => {
  test.each([-1, 253_402_300_800_000, Number.MAX_SAFE_INTEGER])(
    'timestamp %i is refused',
    async (timestampMs) => {
      const records = [{ value: Buffer.from('x'), timestampMs }];
      expect(
        await target.raw.failure('ProducerService/Produce', { topic: TARGET_TOPIC, records }),
      ).toMatchObject({
        code: INVALID_ARGUMENT,
        reason: 'RECORD_TIMESTAMP',
      });
      const batch = forge(buildBatch(plainRecords(1)), (bytes) => {
        writeInt64(bytes, FIELD.baseTimestamp, timestampMs);
        writeInt64(bytes, FIELD.maxTimestamp, timestampMs);
      });
      expect((await target.ackOf(batch)).error).toMatchObject({
        kind: 'invalid',
        reason: 'BATCH_TIMESTAMP',
      });
    },
  );

  test('a max timestamp that is not that of the records is refused: retention trusts it', async () => {
    const batch = forge(buildBatch(plainRecords(3)), (bytes) =>
      writeInt64(bytes, FIELD.maxTimestamp, 253_402_300_799_999),
    );
    expect((await target.ackOf(batch)).error).toMatchObject({
      kind: 'invalid',
      reason: 'BATCH_TIMESTAMP',
    });
  });

  test('a record of before 1970 is refused where the header of its batch cannot tell', async () => {
    const records = [1_000, 0].map((timestampMs) => ({ ...plainRecords(1)[0]!, timestampMs }));
    const batch = forge(buildBatch(records), (bytes) => {
      writeInt64(bytes, FIELD.baseTimestamp, 999);
      writeInt64(bytes, FIELD.maxTimestamp, 999);
    });
    expect((await target.ackOf(batch)).error).toMatchObject({
      kind: 'invalid',
      reason: 'BATCH_TIMESTAMP',
    });
  });

  test.each(['a\rb', 'a\nb', 'a\0b', 'x'.repeat(1025)])(
    'a header named %j is refused',
    async (name) => {
      const headers = [{ name, value: Buffer.from('v') }];
      const records = [{ value: Buffer.from('x'), headers }];
      expect(
        await target.raw.failure('ProducerService/Produce', { topic: TARGET_TOPIC, records }),
      ).toMatchObject({
        code: INVALID_ARGUMENT,
        reason: 'RECORD_HEADERS',
      });
    },
  );

  test('header names are looked at in batches as well', async () => {
    const named = buildBatch([
      { key: null, value: null, headers: [{ name: 'a-b', value: '' }], timestampMs: 1 },
    ]);
    const at = Buffer.from(named).indexOf('a-b') + 1;
    for (const byte of [0x00, 0x0a, 0x0d]) {
      const { error } = await target.ackOf(forge(named, (bytes) => bytes.fill(byte, at, at + 1)));
      expect(error).toMatchObject({ kind: 'invalid', reason: 'RECORD_HEADERS' });
    }
  });

  test('a million headers are refused before they are decoded', async () => {
    const header = Buffer.from('1a030a0168', 'hex');
    const headers = Buffer.alloc(header.length * 1_000_000, header);
    const record = Buffer.concat([Buffer.from([0x1a]), varint(headers.length), headers]);
    const request = Buffer.concat([
      encodeRequest('ProducerService/Produce', { topic: TARGET_TOPIC }),
      record,
    ]);
    await expectUnmoved(target.agent, async () => {
      for (let count = 0; count < 5; count++) {
        expect(await target.raw.failure('ProducerService/Produce', request)).toMatchObject({
          code: INVALID_ARGUMENT,
          reason: 'REQUEST_FIELDS',
        });
      }
      const thousands = Array.from({ length: 1001 }, () => ({ name: 'h' }));
      const records = [{ value: Buffer.from('x'), headers: thousands }];
      expect(
        await target.raw.failure('ProducerService/Produce', { topic: TARGET_TOPIC, records }),
      ).toMatchObject({
        reason: 'RECORD_HEADERS',
      });
    });
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

describe('B-09 sequences', () => {
  test('a gap is out of order, a repeat gets its first offset, an old epoch is fenced', async () => {
    const initialized = await target.raw.call<{ producerId: number }>(
      'ProducerService/InitProducer',
      {},
    );
    const batch = (producerEpoch: number, baseSequence: number): { recordBatch: Buffer } => ({
      recordBatch: Buffer.from(
        buildBatch(plainRecords(10), {
          producerId: producerId(initialized.producerId),
          producerEpoch,
          baseSequence,
        }),
      ),
    });
    const acks = await target.acksOf([
      batch(1, 0),
      batch(1, 10),
      batch(1, 30),
      batch(1, 0),
      batch(2, 0),
      batch(1, 20),
      batch(2, 10),
    ]);
    const byId = acks.toSorted((a, b) => a.requestId - b.requestId);
    const first = byId[0]!.baseOffset;
    expect(byId.map(({ error, baseOffset }) => error?.reason ?? baseOffset - first)).toEqual([
      0,
      10,
      'OUT_OF_ORDER',
      0,
      20,
      'PRODUCER_FENCED',
      30,
    ]);
    expect(byId[2]!.error).toMatchObject({ kind: 'conflict' });
    expect(byId[5]!.error).toMatchObject({ kind: 'fenced' });
  });
});
