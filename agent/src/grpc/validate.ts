/** Requests -> values of the domain. Every function throws StreamError `invalid` naming the field. */
import { Durability } from '@streamhouse/api/gen/streamhouse/v1/Durability.ts';
import { topicIdFromBytes, UUID_BYTES } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { type PartitionIndex, partitionIndex, type TopicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import type { AcknowledgeAt } from '../partition/admission.ts';
import type { HeldPartition } from '../partition/held-partition.ts';

export function invalidField(field: string, message: string): StreamError {
  return new StreamError('invalid', 'INVALID_FIELD', `${field} ${message}`, { details: { field } });
}

export function checkTopicId(bytes: Uint8Array): TopicId {
  if (bytes.length !== UUID_BYTES)
    throw invalidField('topic_id', `must have ${UUID_BYTES} bytes, got ${bytes.length}`);
  return topicIdFromBytes(bytes);
}

/** The request's list, within its bound. */
export function checkCount<T>(field: string, items: readonly T[], max: number): readonly T[] {
  if (items.length > max) throw invalidField(field, `may have ${max} entries, got ${items.length}`);
  return items;
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/**
 * The partition that a request names, if this agent holds it.
 *
 * @throws StreamError `notFound` TOPIC_NOT_FOUND; `outOfRange` PARTITION_OUT_OF_RANGE with the valid range; `notHolder` with
 *   the holder's address as far as it is known.
 */
export function findHeld(
  life: RunningIncarnation,
  topicIdBytes: Uint8Array,
  partition: number,
): HeldPartition {
  const topicId = checkTopicId(topicIdBytes);
  const held = partition >= 0 ? life.held.get(topicId, partitionIndex(partition)) : undefined;
  if (held !== undefined) return held;
  const topic = life.view.snapshot.topicsById.get(topicId);
  if (topic === undefined)
    throw new StreamError('notFound', 'TOPIC_NOT_FOUND', `there is no topic with id ${topicId}`);
  const index = checkPartition(topic, partition);
  const address = life.view.holderAddress(topicId, index);
  throw new StreamError(
    'notHolder',
    'NOT_HOLDER',
    `${topic.name}/${index} is held by ${address ?? 'nobody yet'}: refresh metadata`,
    { details: address === undefined ? {} : { holder: address } },
  );
}

export function checkPartition(topic: Topic, partition: number): PartitionIndex {
  if (partition >= 0 && partition < topic.partitions) return partitionIndex(partition);
  throw new StreamError(
    'outOfRange',
    'PARTITION_OUT_OF_RANGE',
    `partition must be in 0..${topic.partitions - 1} of ${topic.name}, got ${partition}`,
    { details: { field: 'partition', earliest: '0', latest: String(topic.partitions - 1) } },
  );
}

/**
 * The topic of that name. One made through another agent a moment ago may not be in this one's copy yet, so that is read
 * again before the answer is no.
 *
 * @throws StreamError `notFound` TOPIC_NOT_FOUND.
 */
export async function findTopic(life: RunningIncarnation, name: string): Promise<Topic> {
  if (name === '') throw invalidField('topic', 'is required');
  const known = life.view.snapshot.topicsByName.get(name);
  if (known !== undefined) return known;
  const topic = (await life.view.refresh()).topicsByName.get(name);
  if (topic === undefined) throw topicNotFound(name);
  return topic;
}

export function topicNotFound(name: string): StreamError {
  const shown = name.slice(0, LIMITS.topicNameCharsMax);
  return new StreamError(
    'notFound',
    'TOPIC_NOT_FOUND',
    `there is no topic "${shown}": create it first`,
  );
}

/** @throws StreamError `invalid` when the number is none of the contract's. */
export function acknowledgeAt(durability: number): AcknowledgeAt {
  switch (durability) {
    case Durability.DURABILITY_UNSPECIFIED:
      return 'topic';
    case Durability.DURABILITY_OBJECT:
      return 'published';
    case Durability.DURABILITY_MEMORY:
      return 'accepted';
    default:
      throw invalidField('durability', `must be one of the contract's values, got ${durability}`);
  }
}
