/** Requests of GroupService -> values of the domain (B-10). Every function throws StreamError `invalid` naming the field. */
import type { GroupPartition } from '@streamhouse/api/gen/streamhouse/v1/GroupPartition.ts';
import type { GroupPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/GroupPartition.ts';
import type { JoinGroupRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/JoinGroupRequest.ts';
import type { OffsetCommit__Output } from '@streamhouse/api/gen/streamhouse/v1/OffsetCommit.ts';
import type { SyncGroupRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/SyncGroupRequest.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { checkGroupId, idFault } from '@streamhouse/core/group/group-id.ts';
import type { JoinRequest } from '@streamhouse/core/group/member.ts';
import {
  isUuid,
  offset,
  partitionIndex,
  partitionKey,
  type TopicId,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import type { OffsetCommit, OffsetReset } from '@streamhouse/store/metadata/groups.ts';
import type { GroupSync } from '../group/group-actor.ts';
import { checkCount, checkTopicId, invalidField } from './validate.ts';

export interface MemberRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly generation: number;
}

/** @throws StreamError `invalid` GROUP_ID, or INVALID_FIELD. */
export function checkMember({ groupId, memberId, generation }: MemberRequest): void {
  checkGroupId(groupId);
  if (!isUuid(memberId)) throw invalidField('member_id', 'must be a lower-case UUID');
  checkGeneration('generation', generation);
}

/** @param peer `host:port` that it came from. */
export function readJoin(request: JoinGroupRequest__Output, peer: string): JoinRequest {
  const { groupId, memberId, groupInstanceId: instanceId, clientId } = request;
  checkMember({ groupId, memberId, generation: request.ownedGeneration });
  if (instanceId !== undefined) checkName('group_instance_id', instanceId);
  if (clientId !== '') checkName('client_id', clientId);
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
  checkTimeout('session_timeout_ms', sessionTimeoutMs);
  checkTimeout('rebalance_timeout_ms', rebalanceTimeoutMs);
  const assignors = checkCount('assignors', request.assignors, LIMITS.groupAssignorsMax);
  if (assignors.length === 0) throw invalidField('assignors', 'must name one at least');
  for (const name of assignors) checkName('assignors', name);
  const topics = checkCount('topics', request.topics, LIMITS.groupMemberTopicsMax);
  for (const name of topics) checkTopicName(name);
  return {
    memberId,
    instanceId,
    clientId,
    clientHost: peer.replace(/:\d+$/, ''),
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    topics,
    assignors,
    owned: readPartitions('owned', request.owned),
    ownedGeneration: request.ownedGeneration,
  };
}

export function readSync(request: SyncGroupRequest__Output): GroupSync {
  checkMember(request);
  const { memberId, generation } = request;
  const assignments = new Map<string, readonly TopicPartition[]>();
  let count = 0;
  for (const { memberId: id, partitions } of request.assignments) {
    if (assignments.has(id)) throw invalidField('assignments', `names member ${id} twice`);
    count += partitions.length;
    assignments.set(id, readPartitions('assignments', partitions));
  }
  if (count > LIMITS.requestPartitionsMax)
    throw invalidField(
      'assignments',
      `may have ${LIMITS.requestPartitionsMax} partitions, got ${count}`,
    );
  const topics = new Map<TopicId, number>();
  for (const { topicId, partitions } of request.topics) {
    if (partitions < 0 || partitions > LIMITS.topicPartitionsMax)
      throw invalidField(
        'topics',
        `have 0..${LIMITS.topicPartitionsMax} partitions, got ${partitions}`,
      );
    topics.set(checkTopicId(topicId), partitions);
  }
  return { memberId, generation, assignments, topics };
}

export function readPartitions(
  field: string,
  partitions: readonly GroupPartition__Output[],
): readonly TopicPartition[] {
  return checkCount(field, partitions, LIMITS.requestPartitionsMax).map(readPartition);
}

export function readCommits(offsets: readonly OffsetCommit__Output[]): readonly OffsetCommit[] {
  return checkCount('offsets', offsets, LIMITS.requestPartitionsMax).map((one) => ({
    ...readPartition(one),
    offset: offset(one.offset),
    metadata: checkMetadata(one.metadata),
  }));
}

export function readResets(offsets: readonly OffsetCommit__Output[]): readonly OffsetReset[] {
  const named = new Set<string>();
  return checkCount('offsets', offsets, LIMITS.requestPartitionsMax).map((one) => {
    const { topicId, partition } = readPartition(one);
    const key = partitionKey(topicId, partition);
    if (named.has(key)) throw invalidField('offsets', `names ${key} twice`);
    named.add(key);
    return { topicId, partition, offset: one.offset === -1 ? undefined : offset(one.offset) };
  });
}

export function partitionMessage({ topicId, partition }: TopicPartition): GroupPartition {
  return { topicId: topicIdToBytes(topicId), partition };
}

function readPartition(one: GroupPartition__Output): TopicPartition {
  return { topicId: checkTopicId(one.topicId), partition: partitionIndex(one.partition) };
}

function checkMetadata(metadata: string): string {
  const bytes = Buffer.byteLength(metadata);
  if (bytes > LIMITS.commitMetadataBytesMax) {
    const message = `the metadata of an offset has at most ${LIMITS.commitMetadataBytesMax} bytes, got ${bytes}`;
    const details = { field: 'metadata', limit: String(LIMITS.commitMetadataBytesMax) };
    throw new StreamError('invalid', 'METADATA_TOO_LARGE', message, { details });
  }
  // Postgres has no NUL in its texts.
  if (metadata.includes('\0')) throw invalidField('metadata', 'must have no NUL');
  return metadata;
}

function checkName(field: string, name: string): void {
  const fault = idFault(name);
  if (fault !== undefined) throw invalidField(field, fault);
}

function checkTimeout(field: string, ms: number): void {
  const { groupTimeoutMsMin: min, groupTimeoutMsMax: max } = LIMITS;
  if (ms >= min && ms <= max) return;
  throw new StreamError(
    'invalid',
    'OUT_OF_BOUNDS',
    `${field} must be in ${min}..${max}, got ${ms}`,
    {
      details: { field, min: String(min), max: String(max) },
    },
  );
}

function checkGeneration(field: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalidField(field, `must not be negative, got ${value}`);
}
