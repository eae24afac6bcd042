import { randomUUID } from 'node:crypto';
import { type Incarnation, offset, producerId, type TopicId } from '@streamhouse/core/ids.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';
import type { HeldPartition } from '../leases.ts';
import type { PublishRequest, PublishRun } from '../log.ts';
import type { Metadata } from '../port.ts';
import type { TestDatabase } from './database.test-support.ts';
import type { TopicSettings } from '../topics.ts';

/** For tests of many rounds on a machine that is busy. */
export const MANY = { timeout: 30_000 };

export const SETTINGS: TopicSettings = {
  pool: 'default',
  durability: 'object',
  retentionMs: null,
  retentionBytes: null,
  config: {},
};

/** Long enough for a test, so that nothing waits for ever. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

export function registerAgent(
  metadata: Metadata,
  agentId: string = randomUUID(),
): Promise<Incarnation> {
  return metadata.agents.register(
    {
      agentId,
      pool: 'default',
      zone: 'a',
      address: '127.0.0.1:9090',
      managedTopics: ['a "b"', 'c'],
    },
    soon(),
  );
}

export interface HeldTopic {
  readonly me: Incarnation;
  readonly topicId: TopicId;
  readonly held: readonly HeldPartition[];
}

/** A new topic of which a new agent holds every partition. */
export async function holdTopic(metadata: Metadata, partitions: number): Promise<HeldTopic> {
  const me = await registerAgent(metadata);
  const topic = await metadata.topics.create(`t-${randomUUID()}`, partitions, SETTINGS, soon());
  const free = await metadata.leases.all(soon());
  const wanted = free.filter((lease) => lease.topicId === topic.topicId);
  const held = await metadata.leases.takeover(me, wanted, soon());
  return { me, topicId: topic.topicId, held };
}

/** Ten records for a partition as it was when it was taken. */
export function runFor(held: HeldPartition, change: Partial<PublishRun> = {}): PublishRun {
  return {
    topicId: held.topicId,
    partition: held.partition,
    epoch: held.epoch,
    baseOffset: held.nextOffset,
    recordCount: 10,
    position: 0,
    length: 1_000,
    crc: 0xffff_ffff,
    maxTimestampMs: 1_700_000_000_000,
    producers: [],
    ...change,
  };
}

export function requestFor(me: Incarnation, runs: readonly PublishRun[]): PublishRequest {
  return { incarnation: me, objectKey: `test/${me}/${randomUUID()}`, objectBytes: 1_000, runs };
}

/** A producer whose last batch had ten records at `base`. */
export function producerAt(id: number, base: number): ProducerSnapshot {
  const batch = { firstSequence: base, lastSequence: base + 9, baseOffset: offset(base) };
  return { producerId: producerId(id), producerEpoch: 3, batches: [batch] };
}

/** A partition and a request that publishes to it. */
export async function onePartition(
  metadata: Metadata,
): Promise<{ held: HeldPartition; request: PublishRequest }> {
  const { me, held } = await holdTopic(metadata, 1);
  const [one] = held;
  if (one === undefined) throw new Error('the new partition was not free');
  return { held: one, request: requestFor(me, [runFor(one)]) };
}

export async function nextOffset(metadata: Metadata, held: HeldPartition): Promise<number> {
  const range = await metadata.log.range(held.topicId, held.partition, soon());
  return range.nextOffset;
}

/** Holds the row of a partition until the result is called. */
export async function lockPartition(
  database: TestDatabase,
  held: HeldPartition,
): Promise<() => Promise<void>> {
  const client = await database.connect();
  await client.query('BEGIN');
  const values = [held.topicId, held.partition];
  await client.query('SELECT FROM partitions WHERE topic_id = $1 AND part = $2 FOR UPDATE', values);
  return async () => {
    await client.query('ROLLBACK');
  };
}

/** The error of a call that must fail; watched from the start, so that it may fail while the test waits for others. */
export function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (result) => new Error(`expected a failure, got ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
}
