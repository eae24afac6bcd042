/** Valid responses of every method, for clients whose server means harm. */
import { buildBatch, plainRecords } from '@streamhouse/core/testing/batches.test-support.ts';
import { TARGET_TOPIC } from '../../harness/target.ts';
import { TOPIC_ID } from './requests.ts';

interface SeedResponse {
  readonly method: string;
  readonly name: string;
  readonly response: object;
}

/** Stands where an agent's address is: the server puts its own there. */
export const AGENT_ADDRESS = '127.0.0.1:54321';
const TOPIC = {
  name: TARGET_TOPIC,
  topicId: TOPIC_ID,
  partitions: 1,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  durability: 1,
  pool: 'default',
  config: { maxRecordBytes: '1000' },
  createdAtMs: 1_700_000_000_000,
};
const ERROR = {
  kind: 'overloaded',
  reason: 'BUSY',
  message: 'wait',
  retryAfterMs: 10,
  details: { a: 'b' },
};
const METADATA = {
  topics: [
    {
      name: TARGET_TOPIC,
      topicId: TOPIC_ID,
      partitions: [{ partition: 0, epoch: 3, holder: 7 }],
      durability: 1,
      createdAtMs: 1_700_000_000_000,
    },
  ],
  agents: [
    {
      incarnation: 7,
      agentId: 'agent-1',
      address: AGENT_ADDRESS,
      zone: 'default',
      pool: 'default',
      startedAtMs: 1_700_000_000_000,
      leases: 1,
    },
  ],
  clusterId: 'main',
  version: '0.1.0',
};
const MISSING = { ...METADATA, topics: [{ name: TARGET_TOPIC, error: ERROR }] };
const NO_UUID = { ...METADATA, topics: [{ name: TARGET_TOPIC, topicId: Buffer.from('short') }] };
const NO_ADDRESS = { ...METADATA, agents: [{ incarnation: 7, address: '' }] };
const OTHER_SCHEME = { ...METADATA, agents: [{ incarnation: 7, address: 'unix:/socket' }] };
const PLACE = { topicId: TOPIC_ID, partition: 0 };
const FETCHED = {
  partitions: [
    {
      ...PLACE,
      logStartOffset: 0,
      highWatermark: 3,
      recordBatches: Buffer.from(buildBatch(plainRecords(3))),
    },
  ],
};

export const RESPONSES: readonly SeedResponse[] = [
  { method: 'AdminService/CreateTopic', name: 'whole', response: { topic: TOPIC } },
  { method: 'AdminService/DeleteTopic', name: 'empty', response: {} },
  {
    method: 'AdminService/DescribeTopic',
    name: 'whole',
    response: {
      topic: TOPIC,
      partitions: [{ partition: 0, highWatermark: 3, bytes: 99, epoch: 3, holder: 'agent-1' }],
    },
  },
  { method: 'AdminService/ListTopics', name: 'one', response: { topics: [TOPIC] } },
  { method: 'AdminService/AlterTopic', name: 'whole', response: { topic: TOPIC } },
  { method: 'ConsumerService/Fetch', name: 'batch', response: FETCHED },
  {
    method: 'ConsumerService/Fetch',
    name: 'error',
    response: { partitions: [{ ...PLACE, error: ERROR }] },
  },
  {
    method: 'ConsumerService/Fetch',
    name: 'one-too-many',
    response: { partitions: [...FETCHED.partitions, ...FETCHED.partitions] },
  },
  { method: 'ConsumerService/Fetch', name: 'none', response: {} },
  { method: 'ConsumerService/FetchStream', name: 'batch', response: FETCHED },
  {
    method: 'ConsumerService/ListOffsets',
    name: 'one',
    response: { offsets: [{ ...PLACE, offset: 0, timestampMs: -1 }] },
  },
  {
    method: 'ConsumerService/ListOffsets',
    name: 'one-too-many',
    response: {
      offsets: [
        { ...PLACE, offset: 0 },
        { ...PLACE, error: ERROR },
      ],
    },
  },
  { method: 'MetadataService/GetMetadata', name: 'whole', response: METADATA },
  { method: 'MetadataService/GetMetadata', name: 'missing', response: MISSING },
  { method: 'MetadataService/GetMetadata', name: 'no-uuid', response: NO_UUID },
  { method: 'MetadataService/GetMetadata', name: 'no-address', response: NO_ADDRESS },
  { method: 'MetadataService/GetMetadata', name: 'other-scheme', response: OTHER_SCHEME },
  { method: 'MetadataService/WatchMetadata', name: 'whole', response: { metadata: METADATA } },
  { method: 'MetadataService/WatchMetadata', name: 'no-uuid', response: { metadata: NO_UUID } },
  {
    method: 'ProducerService/InitProducer',
    name: 'whole',
    response: { producerId: 7, producerEpoch: 1 },
  },
  {
    method: 'ProducerService/Produce',
    name: 'whole',
    response: { positions: [{ partition: 0, offset: 3, timestampMs: 1_700_000_000_000 }] },
  },
  {
    method: 'ProducerService/ProduceStream',
    name: 'acks',
    response: {
      acks: [
        { requestId: 1, baseOffset: 3 },
        { requestId: 2, error: ERROR },
      ],
    },
  },
  { method: 'ProducerService/ProduceStream', name: 'draining', response: { draining: true } },
];
