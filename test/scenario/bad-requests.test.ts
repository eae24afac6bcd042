/**
 * Bad requests on gRPC, against an agent process: each gets its typed answer, and the agent stays small and awake (B-01 to
 * B-03).
 */
import { gzipSync } from 'node:zlib';
import type { CreateTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/CreateTopicResponse.ts';
import type { ProduceAck__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceAck.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { buildBatch, plainRecords } from '@streamhouse/core/testing/batches.test-support.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { expectUnmoved } from '../harness/agent-gauge.ts';
import { connectRaw, encodeRequest, frame, methodsOf } from '../harness/raw-grpc.ts';
import { recordOf, Target, TARGET_TOPIC } from '../harness/target.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;

let target: Target;

beforeAll(async () => {
  target = await Target.start();
});
afterAll(() => target?.[Symbol.asyncDispose]());

describe('B-01 topic names', () => {
  const NAMES = [
    '../../etc',
    'a/b',
    '.',
    '..',
    '',
    'x'.repeat(250),
    'nul\0',
    '%2e%2e',
    'оrders',
    'orders ',
    'a\nb',
    '😀',
    '__internal',
    "'; DROP TABLE topics; --",
  ];

  test.each(NAMES)('%j is refused with the rule that it breaks', async (name) => {
    const failure = await target.raw.failure('AdminService/CreateTopic', { name });
    expect(failure).toMatchObject({ code: INVALID_ARGUMENT, reason: 'TOPIC_NAME' });
    expect(failure.message).toMatch(/^the topic name (must not|may have|has at most)/);
  });

  test.each(NAMES)('%j is not found by any other call', async (name) => {
    const [topic, records] = [name, [{ value: Buffer.from('x') }]];
    for (const [method, request] of [
      ['AdminService/DescribeTopic', { name }],
      ['AdminService/DeleteTopic', { name }],
      ['AdminService/AlterTopic', { name, config: { partitions: 2 } }],
      ['ProducerService/Produce', { topic, records }],
    ] as const) {
      const { kind } = await target.raw.failure(method, request);
      expect([method, kind]).toEqual([method, name === '' ? 'invalid' : 'notFound']);
    }
  });

  test('that differ by . and _ only name the other one', async () => {
    await target.raw.call('AdminService/CreateTopic', { name: 'a.b_c' });
    expect(await target.raw.failure('AdminService/CreateTopic', { name: 'a_b.c' })).toMatchObject({
      kind: 'conflict',
      reason: 'TOPIC_NAME_COLLISION',
      details: { topic: 'a.b_c' },
    });
    expect(await target.raw.failure('AdminService/CreateTopic', { name: 'a.b_c' })).toMatchObject({
      kind: 'alreadyExists',
    });
  });

  test.each([
    [{ partitions: 0 }, 'config.partitions'],
    [{ partitions: -1 }, 'config.partitions'],
    [{ partitions: 10_001 }, 'config.partitions'],
    [{ partitions: 0x7fffffff }, 'config.partitions'],
    [{ retentionMs: 0 }, 'config.retention_ms'],
    [{ retentionMs: -2 }, 'config.retention_ms'],
    [{ retentionBytes: 2 ** 60 }, 'config.retention_bytes'],
    [{ pool: '../x' }, 'config.pool'],
    [{ durability: 99 }, 'config.durability'],
    [{ config: { color: 'red' } }, 'config.config["color"]'],
    [{ config: { maxRecordBytes: '1e3' } }, 'config.config["maxRecordBytes"]'],
    [{ config: { maxRecordBytes: '0' } }, 'config.config["maxRecordBytes"]'],
    [{ config: { maxRecordBytes: '1048577' } }, 'config.config["maxRecordBytes"]'],
  ])('with the configuration %j name the field', async (config, field) => {
    for (const method of ['AdminService/CreateTopic', 'AdminService/AlterTopic']) {
      const failure = await target.raw.failure(method, { name: TARGET_TOPIC, config });
      expect(failure).toMatchObject({ code: INVALID_ARGUMENT, details: { field } });
    }
  });
});

describe('B-02 what is too large', () => {
  test('a record is refused with the limit and its size', async () => {
    const records = [{ key: Buffer.alloc(10), value: Buffer.alloc(LIMITS.recordBytesMax) }];
    const failure = await target.raw.failure('ProducerService/Produce', {
      topic: TARGET_TOPIC,
      records,
    });
    expect(failure).toMatchObject({
      code: RESOURCE_EXHAUSTED,
      reason: 'RECORD_TOO_LARGE',
      details: { limit: '1048576', actual: '1048586' },
    });
  });

  test('a record is refused with the limit of its topic', async () => {
    const config = { partitions: 1, config: { maxRecordBytes: '1000' } };
    const { topic } = await target.raw.call<CreateTopicResponse__Output>(
      'AdminService/CreateTopic',
      {
        name: 'small',
        config,
      },
    );
    expect(topic!.config).toEqual({ maxRecordBytes: '1000' });
    const send = (bytes: number): Promise<ProduceAck__Output> =>
      target.ackOf(buildBatch([recordOf(10), recordOf(bytes), recordOf(10)]), {
        topicId: topic!.topicId,
      });
    await until(async () => (await send(1000)).error === null, AbortSignal.timeout(20_000));
    expect((await send(1001)).error).toMatchObject({
      kind: 'overloaded',
      reason: 'RECORD_TOO_LARGE',
      details: { limit: '1000', actual: '1001' },
    });
    const altered = { name: 'small', config: { config: { maxRecordBytes: '2000' } } };
    await target.raw.call('AdminService/AlterTopic', altered);
    expect((await send(1001)).error).toBeNull();
  });

  test('a request is refused with the limit and about its size', async () => {
    const records = Array.from({ length: 3 }, () => ({ value: Buffer.alloc(1_000_000) }));
    const failure = await target.raw.failure('ProducerService/Produce', {
      topic: TARGET_TOPIC,
      partition: 0,
      records,
    });
    expect(failure).toMatchObject({
      code: RESOURCE_EXHAUSTED,
      reason: 'BATCH_TOO_LARGE',
      details: { limit: '2097152' },
    });
    expect(Number(failure.details['actual'])).toBeGreaterThan(3_000_000);
  });

  test('a batch is refused with the limit and its size', async () => {
    const { error } = await target.ackOf(new Uint8Array(LIMITS.batchBytesMax + 1));
    expect(error).toMatchObject({
      kind: 'overloaded',
      reason: 'BATCH_TOO_LARGE',
      details: { limit: '2097152', actual: '2097153' },
    });
  });

  test('a message is refused by its prefix, also one that only expands to it; the connection goes on', async () => {
    await using raw = await connectRaw(target.address);
    const size = LIMITS.grpcMessageBytesMax + 1;
    await expectUnmoved(target.agent, async () => {
      for (let count = 0; count < 20; count++) {
        const prefix = frame(new Uint8Array()).fill(0xff, 1, 2);
        const told = await raw.send('ProducerService/Produce', [prefix, Buffer.alloc(1000)]);
        expect(told).toMatchObject({
          status: RESOURCE_EXHAUSTED,
          message: expect.stringMatching(/\d+ vs\.? 16777216/),
        });
        const bomb = frame(gzipSync(new Uint8Array(size)), true);
        const headers = { 'grpc-encoding': 'gzip' };
        expect(await raw.send('ProducerService/Produce', [bomb], headers)).toMatchObject({
          status: RESOURCE_EXHAUSTED,
          message: expect.stringContaining('16777216'),
        });
      }
    });
    expect(raw.isClosed).toBe(false);
    const good = frame(encodeRequest('AdminService/ListTopics', {}));
    expect(await raw.send('AdminService/ListTopics', [good])).toMatchObject({ status: 0 });
  });
});

describe('B-03 what is not what the contract says', () => {
  /** A field longer than the message; a wire type that is none; a field number 0; a number without an end. */
  const MALFORMED = ['0aff01', '0f', '0200', `08${'ff'.repeat(11)}`];

  test.each([...methodsOf('unary'), ...methodsOf('serverStream'), ...methodsOf('clientStream')])(
    '%s says so and the connection stays up',
    async (method) => {
      await using raw = await connectRaw(target.address);
      for (const bytes of MALFORMED) {
        const answer = await raw.send(method, [frame(Buffer.from(bytes, 'hex'))]);
        expect([bytes, answer]).toMatchObject([bytes, { status: INVALID_ARGUMENT, rstCode: 0 }]);
        expect(answer.message).toMatch(/^the request is not valid protobuf: /);
      }
      expect(raw.isClosed).toBe(false);
      const good = frame(encodeRequest('AdminService/ListTopics', {}));
      expect(await raw.send('AdminService/ListTopics', [good])).toMatchObject({ status: 0 });
    },
  );

  test('a frame that is cut is no message, and the connection stays up', async () => {
    await using raw = await connectRaw(target.address);
    const whole = frame(encodeRequest('AdminService/DescribeTopic', { name: TARGET_TOPIC }));
    for (const length of [1, 4, 5, whole.length - 1]) {
      const answer = await raw.send('AdminService/DescribeTopic', [whole.subarray(0, length)]);
      // UNIMPLEMENTED is how the library says that there was no message.
      expect([length, answer]).toMatchObject([length, { status: 12, rstCode: 0 }]);
    }
    expect(await raw.send('AdminService/DescribeTopic', [whole])).toMatchObject({ status: 0 });
  });

  test.each([
    ['AdminService/CreateTopic', {}, /name/],
    ['AdminService/DescribeTopic', {}, /name/],
    ['AdminService/DeleteTopic', {}, /name/],
    ['AdminService/AlterTopic', {}, /name/],
    ['ProducerService/Produce', {}, /topic/],
    ['ProducerService/Produce', { topic: TARGET_TOPIC }, /records/],
    [
      'ProducerService/Produce',
      { topic: TARGET_TOPIC, records: [{}], durability: 99 },
      /durability/,
    ],
  ])('%s names what is missing or unknown in %j', async (method, request, field) => {
    const failure = await target.raw.failure(method, request);
    expect(failure).toMatchObject({
      code: INVALID_ARGUMENT,
      message: expect.stringMatching(field),
    });
  });

  test('the parts of a request name what is missing or unknown in them', async () => {
    const none = { topicId: Buffer.alloc(0) };
    const errors = [
      [(await target.fetchOne(none)).error, 'topic_id'],
      [(await target.listOne(none)).error, 'topic_id'],
      [(await target.listOne({ earliest: undefined })).error, 'at'],
      [(await target.listOne({ earliest: undefined, timestampMs: -1 })).error, 'timestamp_ms'],
      [(await target.ackOf(buildBatch(plainRecords(1)), none)).error, 'topic_id'],
      [
        (await target.ackOf(buildBatch(plainRecords(1)), { durability: 99 as 0 })).error,
        'durability',
      ],
    ] as const;
    for (const [error, field] of errors)
      expect(error).toMatchObject({ kind: 'invalid', reason: 'INVALID_FIELD', details: { field } });
    const unknown = { topicId: Buffer.alloc(16, 7) };
    expect((await target.fetchOne(unknown)).error).toMatchObject({ reason: 'TOPIC_NOT_FOUND' });
    expect((await target.ackOf(buildBatch(plainRecords(1)), unknown)).error).toMatchObject({
      kind: 'notFound',
    });
  });

  test('a request of millions of fields is refused before it is decoded', async () => {
    const many = (pair: string): Buffer => Buffer.alloc(8_000_000, Buffer.from(pair, 'hex'));
    await expectUnmoved(target.agent, async () => {
      for (const method of [
        'ProducerService/Produce',
        'ConsumerService/ListOffsets',
        'MetadataService/GetMetadata',
      ]) {
        for (const pair of ['0a00', '1a00']) {
          expect(await target.raw.failure(method, many(pair))).toMatchObject({
            code: INVALID_ARGUMENT,
            reason: 'REQUEST_FIELDS',
            details: { limit: '100000' },
          });
        }
      }
    });
  });
});
