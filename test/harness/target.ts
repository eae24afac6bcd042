/** One agent process with one topic, for those who send it what it must refuse. */
import { zstdCompressSync } from 'node:zlib';
import type { CreateTopicResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/CreateTopicResponse.ts';
import type { FetchedPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchedPartition.ts';
import type { FetchResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import type { ListedOffset__Output } from '@streamhouse/api/gen/streamhouse/v1/ListedOffset.ts';
import type { ListOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsResponse.ts';
import type { ProduceAck__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceAck.ts';
import type { ProduceBatch } from '@streamhouse/api/gen/streamhouse/v1/ProduceBatch.ts';
import type { ProduceResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ProduceResponse.ts';
import { writeInt16 } from '@streamhouse/core/bytes/fixed.ts';
import { BATCH_HEADER_BYTES, FIELD } from '@streamhouse/core/record/batch-header.ts';
import { COMPRESSIONS, type Compression } from '@streamhouse/core/record/compression.ts';
import {
  batchOf,
  buildBatch,
  forge,
  type RecordInput,
} from '@streamhouse/core/testing/batches.test-support.ts';
import type { AgentView } from '@streamhouse/standalone/agents.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { openRawAgent, type RawAgent } from './raw-grpc.ts';
import { until } from './until.ts';

export const TARGET_TOPIC = 'orders';
/** Partitions of the target's topic. */
export const TARGET_PARTITIONS = 3;

export class Target implements AsyncDisposable {
  readonly topicId: Buffer;
  readonly raw: RawAgent;
  readonly #cluster: Cluster;

  /** Starts it; some records are in each partition then, and the process is as large as it stays. */
  static async start(): Promise<Target> {
    // Without its caches, so that what is measured is what the input costs.
    const env = { STREAMHOUSE_CACHE: '0' };
    const cluster = await startCluster({ agents: 1, objects: 'directory', env });
    const raw = openRawAgent(cluster.bootstrap[0]!);
    const config = { partitions: TARGET_PARTITIONS };
    const created = await raw.call<CreateTopicResponse__Output>('AdminService/CreateTopic', {
      name: TARGET_TOPIC,
      config,
    });
    const target = new Target(cluster, raw, created.topic!.topicId);
    const signal = AbortSignal.timeout(20_000);
    for (let partition = 0; partition < TARGET_PARTITIONS; partition++) {
      const isHeld = (): Promise<boolean> =>
        target.produce({ partition }).then(
          () => true,
          () => false,
        );
      await until(isHeld, signal);
    }
    const warmUp = [expandingBatch(), Buffer.from(buildBatch([recordOf(1_000_000)]))];
    const batches = Array.from({ length: 200 }, (_, index) => ({
      recordBatch: warmUp[Number(index % 10 === 0)]!,
    }));
    await target.acksOf(batches, 20);
    return target;
  }

  private constructor(cluster: Cluster, raw: RawAgent, topicId: Buffer) {
    this.#cluster = cluster;
    this.raw = raw;
    this.topicId = topicId;
  }

  get agent(): AgentView {
    return this.#cluster.agents[0]!;
  }

  get address(): string {
    return this.#cluster.bootstrap[0]!;
  }

  /** One record by the unary call. */
  produce(request: object): Promise<ProduceResponse__Output> {
    const records = [{ value: Buffer.from('x') }];
    const whole = { topic: TARGET_TOPIC, records, ...request };
    return this.raw.call<ProduceResponse__Output>('ProducerService/Produce', whole);
  }

  /** Sends batches on one ProduceStream, then half-closes; resolves the answers as they came. */
  async acksOf(
    batches: readonly Partial<ProduceBatch>[],
    perMessage = 1,
  ): Promise<readonly ProduceAck__Output[]> {
    const call = this.raw.channel.producer.produceStream();
    const acks: ProduceAck__Output[] = [];
    const end = new Promise<void>((resolve, reject) => {
      call.on('data', (response: { acks: ProduceAck__Output[] }) => acks.push(...response.acks));
      call.on('error', reject);
      call.on('end', resolve);
    });
    const { topicId } = this;
    const whole = batches.map((batch, requestId) => ({
      requestId,
      topicId,
      partition: 0,
      ...batch,
    }));
    for (let start = 0; start < whole.length; start += perMessage)
      call.write({ batches: whole.slice(start, start + perMessage) });
    call.end();
    await end;
    return acks;
  }

  async ackOf(
    recordBatch: Uint8Array,
    fields: Partial<ProduceBatch> = {},
  ): Promise<ProduceAck__Output> {
    const [ack] = await this.acksOf([{ recordBatch: Buffer.from(recordBatch), ...fields }]);
    return ack!;
  }

  /** A fetch of partition 0 from its beginning, or as told. */
  async fetchOne(partition: object, options: object = {}): Promise<FetchedPartition__Output> {
    const asked = { topicId: this.topicId, partition: 0, offset: 0, ...partition };
    const request = { partitions: [asked], ...options };
    const fetched = this.raw.call<FetchResponse__Output>('ConsumerService/Fetch', request, 5_000);
    return (await fetched).partitions[0]!;
  }

  /** The earliest offset of partition 0, or what is asked for. */
  async listOne(asked: object): Promise<ListedOffset__Output> {
    const partitions = [{ topicId: this.topicId, partition: 0, earliest: true, ...asked }];
    const response = await this.raw.call<ListOffsetsResponse__Output>(
      'ConsumerService/ListOffsets',
      { partitions },
    );
    return response.offsets[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.raw.close();
    await this.#cluster[Symbol.asyncDispose]();
  }
}

export function recordOf(bytes: number): RecordInput {
  return { key: null, value: new Uint8Array(bytes), headers: [], timestampMs: 1 };
}

/** A batch of `recordCount` records that says that these bytes are their compressed form. */
export function compressedBatch(
  compression: Compression,
  compressed: Uint8Array,
  recordCount = 10,
): Buffer {
  return Buffer.from(
    forge(batchOf(compressed, recordCount), (bytes) =>
      writeInt16(bytes, FIELD.attributes, COMPRESSIONS.indexOf(compression)),
    ),
  );
}

/** A legal batch of a few kilobytes that expands to nearly all that one may. */
export function expandingBatch(): Buffer {
  const size = 1_000_000;
  const { value } = recordOf(size);
  // Built one by one, since the builder makes no batch of that size.
  const records = Array.from({ length: 16 }, (_, index) => {
    const record = Buffer.from(
      buildBatch([{ key: null, value, headers: [], timestampMs: 0 }]).subarray(BATCH_HEADER_BYTES),
    );
    // Length as a varint of three bytes, attributes, timestamp delta: then the offset delta, zig-zag.
    record.writeUInt8(index * 2, record.findIndex((byte) => byte < 0x80) + 3);
    return record;
  });
  return compressedBatch('zstd', zstdCompressSync(Buffer.concat(records)), records.length);
}
