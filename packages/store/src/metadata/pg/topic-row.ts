import { topicId } from '@streamhouse/core/ids.ts';
import type { Durability, KubernetesOwner, Topic } from '../topics.ts';

/** The columns of a TopicRow, from `topics` or from a function that returns such rows. */
export const TOPIC_COLUMNS = `
  topic_id AS "topicId", name, partitions, pool, durability, retention_ms AS "retentionMs",
  retention_bytes AS "retentionBytes", config, owner_uid AS "ownerUid",
  owner_namespace AS "ownerNamespace", owner_name AS "ownerName",
  (extract(epoch FROM created_at) * 1000)::bigint AS "createdAtMs"`;

/** Who owns a row: nulls when no resource does. */
export interface OwnerRow {
  readonly ownerUid: string | null;
  readonly ownerNamespace: string | null;
  readonly ownerName: string | null;
}

export interface TopicRow extends OwnerRow {
  readonly topicId: string;
  readonly name: string;
  readonly partitions: number;
  readonly pool: string;
  readonly durability: Durability;
  readonly retentionMs: number | null;
  readonly retentionBytes: number | null;
  readonly config: Record<string, string>;
  readonly createdAtMs: number;
}

export function toTopic(row: TopicRow): Topic {
  const { name, partitions, pool, durability, retentionMs, retentionBytes, config } = row;
  return {
    topicId: topicId(row.topicId),
    ...{ name, partitions, pool, durability, retentionMs, retentionBytes, config },
    owner: toOwner(row) ?? { kind: 'api' },
    createdAtMs: row.createdAtMs,
  };
}

export function toOwner(row: OwnerRow): KubernetesOwner | undefined {
  const { ownerUid: uid, ownerNamespace: namespace, ownerName: name } = row;
  if (uid === null || namespace === null || name === null) return undefined;
  return { kind: 'kubernetes', uid, namespace, name };
}
