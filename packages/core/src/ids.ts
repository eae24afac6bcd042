/**
 * Branded identifiers. Each brand has one constructor, which checks its range, so that a value of the
 * type was valid where it entered the program. Numbers, not bigint: 2^53 offsets are 286 years at a
 * million records a second, and bigint neither survives JSON nor keeps hot paths fast.
 */
import { StreamError } from './errors.ts';

/** Place of a record in a partition, from 0. */
export type Offset = number & { readonly __brand: 'Offset' };
/** Fencing number of a partition's lease. Only ever grows. */
export type Epoch = number & { readonly __brand: 'Epoch' };
/** Index of a partition in its topic, from 0. */
export type PartitionIndex = number & { readonly __brand: 'PartitionIndex' };
/** One life of one agent process, numbered by Postgres. Never reused. */
export type Incarnation = number & { readonly __brand: 'Incarnation' };
/** Number of a consumer group's membership. Only ever grows; 0 before the first. */
export type Generation = number & { readonly __brand: 'Generation' };
/** Identity of a topic: a UUID in lower-case canonical text. A name is not an identity (I-28). */
export type TopicId = string & { readonly __brand: 'TopicId' };
/** Identity of a producer, numbered by Postgres. -1 means a producer without idempotence. */
export type ProducerId = number & { readonly __brand: 'ProducerId' };

/** One partition of one topic. */
export interface TopicPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** @throws StreamError `invalid` when `value` is not an integer in 0..2^53-1. */
export function offset(value: number): Offset {
  return nonNegativeInteger('offset', value) as Offset;
}

/** @throws StreamError `invalid` when `value` is not an integer in 0..2^53-1. */
export function epoch(value: number): Epoch {
  return nonNegativeInteger('epoch', value) as Epoch;
}

/** @throws StreamError `invalid` when `value` is not an integer in 0..2^31-1. */
export function partitionIndex(value: number): PartitionIndex {
  if (value > 0x7fffffff) throw outOfRange('partition', value, 0x7fffffff);
  return nonNegativeInteger('partition', value) as PartitionIndex;
}

/** @throws StreamError `invalid` when `value` is not an integer in 0..2^53-1. */
export function incarnation(value: number): Incarnation {
  return nonNegativeInteger('incarnation', value) as Incarnation;
}

/** @throws StreamError `invalid` when `value` is not an integer in 0..2^53-1. */
export function generation(value: number): Generation {
  return nonNegativeInteger('generation', value) as Generation;
}

/** @throws StreamError `invalid` when `value` is not an integer in -1..2^53-1. */
export function producerId(value: number): ProducerId {
  if (value === -1) return value as ProducerId;
  return nonNegativeInteger('producerId', value) as ProducerId;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether it is a UUID in lower-case canonical text. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** @throws StreamError `invalid` when `value` is not a UUID in lower-case canonical text. */
export function topicId(value: string): TopicId {
  if (!isUuid(value)) {
    throw new StreamError(
      'invalid',
      'TOPIC_ID',
      `topic id must be a lower-case UUID, got "${value.slice(0, 64)}"`,
    );
  }
  return value as TopicId;
}

/** A map key for one partition: `<topicId>/<partition>`. */
export function partitionKey(id: TopicId, partition: PartitionIndex): string {
  return `${id}/${partition}`;
}

function nonNegativeInteger(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw outOfRange(what, value, Number.MAX_SAFE_INTEGER);
  return value;
}

function outOfRange(what: string, value: number, max: number): StreamError {
  return new StreamError(
    'invalid',
    'OUT_OF_BOUNDS',
    `${what} must be an integer in 0..${max}, got ${value}`,
  );
}
