/** Rows of groups and their offsets, and what they are in the port. */
import {
  generation,
  offset,
  partitionIndex,
  topicId,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import type { GroupMember, GroupOffset, GroupSummary, StoredGroup } from '../groups.ts';

/** The columns of a GroupRow, from `stored_group` or `load_group`. */
export const GROUP_COLUMNS = `
  generation, assignor, leader_id AS "leaderId", is_assigned AS "isAssigned", members, topics`;

/** What an OffsetRow has of what was committed, from `group_offsets` o. */
export const OFFSET_COLUMNS = `
  o.next_offset AS "offset", o.metadata, o.generation,
  (extract(epoch FROM o.committed_at) * 1000)::bigint AS "committedAtMs"`;

/** Partitions by topic id. */
type OwnedParts = Readonly<Record<string, readonly number[]>>;

interface MemberRow extends Omit<GroupMember, 'instanceId'> {
  readonly instanceId: string | null;
  readonly partitions: OwnedParts;
}

export interface GroupRow {
  readonly generation: number;
  readonly assignor: string | null;
  readonly leaderId: string | null;
  readonly isAssigned: boolean;
  readonly members: readonly MemberRow[];
  readonly topics: Readonly<Record<string, number>>;
}

export interface OffsetRow {
  readonly topicId: string;
  readonly partition: number;
  /** Null where nothing is committed, as the next three. */
  readonly offset: number | null;
  readonly metadata: string;
  readonly generation: number;
  readonly committedAtMs: number;
  readonly isAdded: boolean;
}

export interface SummaryRow {
  readonly groupId: string;
  readonly generation: number;
  readonly assignor: string | null;
  readonly isAssigned: boolean;
  readonly members: number;
}

export function toGroup(groupId: string, row: GroupRow): StoredGroup {
  return {
    groupId,
    generation: generation(row.generation),
    assignor: row.assignor ?? undefined,
    leaderId: row.leaderId ?? undefined,
    isAssigned: row.isAssigned,
    members: row.members.map(({ instanceId, partitions, ...member }) => ({
      ...member,
      instanceId: instanceId ?? undefined,
      partitions: partitionsOf(partitions),
    })),
    topics: new Map(Object.entries(row.topics).map(([id, count]) => [topicId(id), count])),
  };
}

export function toGroupOffset(row: OffsetRow): GroupOffset {
  return {
    topicId: topicId(row.topicId),
    partition: partitionIndex(row.partition),
    committed:
      row.offset === null
        ? undefined
        : {
            offset: offset(row.offset),
            metadata: row.metadata,
            committedAtMs: row.committedAtMs,
            generation: generation(row.generation),
          },
    isAdded: row.isAdded,
  };
}

export function toSummary(row: SummaryRow): GroupSummary {
  return {
    ...row,
    generation: generation(row.generation),
    assignor: row.assignor ?? undefined,
  };
}

/** What a member owns, as its column has it. */
export function ownedParts(partitions: readonly TopicPartition[]): OwnedParts {
  const byTopic = Map.groupBy(partitions, (one) => one.topicId);
  const owned = Array.from(byTopic, ([id, parts]) => [
    id,
    parts.map((one) => one.partition).toSorted((a, b) => a - b),
  ]);
  return Object.fromEntries(owned);
}

/** Sorted as Postgres sorts the keys: by topic id. */
function partitionsOf(owned: OwnedParts): readonly TopicPartition[] {
  return Object.entries(owned).flatMap(([id, parts]) =>
    parts.map((part) => ({ topicId: topicId(id), partition: partitionIndex(part) })),
  );
}
