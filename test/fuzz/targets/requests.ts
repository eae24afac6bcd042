/** Valid requests of every method, in the shapes that they may have. */
import { buildBatch, plainRecords } from '@streamhouse/core/testing/batches.test-support.ts';
import { TARGET_TOPIC } from '../../harness/target.ts';

interface SeedRequest {
  readonly method: string;
  readonly name: string;
  readonly request: object;
}

/** Who sends it puts the topic's own id in its place: the real one is made when a server starts. */
export const TOPIC_ID: Buffer = Buffer.from('0123456789abcdef8123456789abcdef', 'hex');
const RECORD_BATCH = Buffer.from(buildBatch(plainRecords(3)));
const PLACE = { topicId: TOPIC_ID, partition: 0 };
const CONFIG = {
  partitions: 2,
  retentionMs: 60_000,
  retentionBytes: -1,
  durability: 1,
  pool: 'default',
  config: { maxRecordBytes: '1000' },
};
const RECORD = { key: Buffer.from('k'), value: Buffer.from('v'), timestampMs: 1_700_000_000_000 };

export const REQUESTS: readonly SeedRequest[] = [
  {
    method: 'AdminService/CreateTopic',
    name: 'whole',
    request: { name: 'fuzzed', config: CONFIG },
  },
  { method: 'AdminService/DeleteTopic', name: 'whole', request: { name: 'fuzzed' } },
  { method: 'AdminService/DescribeTopic', name: 'whole', request: { name: TARGET_TOPIC } },
  { method: 'AdminService/ListTopics', name: 'empty', request: {} },
  { method: 'AdminService/AlterTopic', name: 'whole', request: { name: 'fuzzed', config: CONFIG } },
  {
    method: 'ConsumerService/Fetch',
    name: 'whole',
    request: {
      partitions: [{ ...PLACE, offset: 0 }],
      minBytes: 1,
      maxBytes: 65_536,
      maxWaitMs: 20,
    },
  },
  {
    method: 'ConsumerService/FetchStream',
    name: 'whole',
    request: { partitions: [{ ...PLACE, offset: 0 }], creditBytes: 4_096 },
  },
  {
    method: 'ConsumerService/ListOffsets',
    name: 'all',
    request: {
      partitions: [
        { ...PLACE, earliest: true },
        { ...PLACE, latest: true },
        { ...PLACE, timestampMs: 1_700_000_000_000 },
      ],
    },
  },
  { method: 'MetadataService/GetMetadata', name: 'one', request: { topics: [TARGET_TOPIC] } },
  { method: 'MetadataService/WatchMetadata', name: 'one', request: { topics: [TARGET_TOPIC] } },
  { method: 'ProducerService/InitProducer', name: 'empty', request: {} },
  {
    method: 'ProducerService/Produce',
    name: 'whole',
    request: {
      topic: TARGET_TOPIC,
      partition: 1,
      records: [
        { ...RECORD, headers: [{ name: 'h', value: Buffer.from('x') }] },
        { value: RECORD.key },
      ],
      durability: 1,
    },
  },
  {
    method: 'ProducerService/ProduceStream',
    name: 'two',
    request: {
      batches: [
        { requestId: 1, ...PLACE, recordBatch: RECORD_BATCH, durability: 0 },
        { requestId: 2, ...PLACE, recordBatch: RECORD_BATCH.subarray(0, 80), durability: 2 },
      ],
    },
  },
];
