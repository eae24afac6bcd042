import { StreamError } from '@streamhouse/core/errors.ts';
import { type Incarnation, type TopicId, topicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  type ClaimedTopic,
  type ClaimOutcome,
  type OperatorEpoch,
  type OperatorStore,
  operatorEpoch,
  type OwnedTopic,
  type PurgeStep,
  type SoftDeleteOutcome,
  type TopicField,
  type TopicOwnership,
  type TopicWish,
} from '../operator.ts';
import type { KubernetesOwner } from '../topics.ts';
import type { Database, Statement } from './database.ts';
import { type OwnerRow, TOPIC_COLUMNS, type TopicRow, toOwner, toTopic } from './topic-row.ts';
import { wishProblem } from './wish.ts';

const LEAD: Statement = {
  name: 'lead-operators',
  text: `
    UPDATE operator_leader SET epoch = epoch + 1, identity = $1, led_at = clock_timestamp()
    RETURNING epoch`,
};

const CLAIM: Statement = {
  name: 'claim-topics',
  text: `
    SELECT kind, changed, is_drift AS "isDrift", (topic).topic_id AS "topicId", (topic).name,
           (topic).partitions, (topic).owner_uid AS "ownerUid",
           (topic).owner_namespace AS "ownerNamespace", (topic).owner_name AS "ownerName"
    FROM claim_topics($1, $2, $3) ORDER BY place`,
};

const RELEASE: Statement = {
  name: 'release-topic',
  text: 'SELECT release_topic($1, $2, $3) AS "isReleased"',
};

const SOFT_DELETE: Statement = {
  name: 'soft-delete-topic',
  text: 'SELECT soft_delete_topic($1, $2, $3, $4) AS outcome',
};

/** The term is checked, and its row locked, before a session is: nothing is drained where that fails. */
const DRAIN_AGENT: Statement = {
  name: 'operator-drains-agent',
  text: `
    WITH changed AS (
      UPDATE agent_sessions s SET draining = true FROM (SELECT check_operator($1)) term
      WHERE s.incarnation = $2 AND NOT s.draining RETURNING s.incarnation)
    SELECT pg_notify('streamhouse', 'agents')::text FROM changed`,
};

const FENCE_AGENT: Statement = {
  name: 'operator-fences-agent',
  text: 'SELECT fence_agents(ARRAY[$2::bigint], NULL) AS count FROM check_operator($1)',
};

const SNAPSHOT: Statement = {
  name: 'owned-topics',
  text: `
    SELECT ${TOPIC_COLUMNS}, spec_hash AS "specHash",
           (extract(epoch FROM deleted_at) * 1000)::bigint AS "deletedAtMs",
           (extract(epoch FROM purge_after) * 1000)::bigint AS "purgeAfterMs"
    FROM topics
    WHERE owner_uid IS NOT NULL AND (purge_after IS NULL OR purge_after > clock_timestamp())
    ORDER BY topic_id`,
};

/** Those that a release changes. One that is kept until its grace is over has outlived its owner by design. */
const OWNERS: Statement = {
  name: 'topic-owners',
  text: `
    SELECT topic_id AS "topicId", owner_uid AS "ownerUid", owner_namespace AS "ownerNamespace",
           owner_name AS "ownerName"
    FROM topics WHERE owner_uid IS NOT NULL AND purge_after IS NULL ORDER BY topic_id`,
};

const PURGE: Statement = {
  name: 'purge-topic',
  text: 'SELECT removed AS rows, purged, has_more AS "hasMore" FROM purge_topic($1, $2)',
};

const GARBAGE: Statement = {
  name: 'garbage-objects',
  text: `
    SELECT object_key AS key FROM objects
    WHERE unreferenced_at <= clock_timestamp() - $1 * interval '1 millisecond'
    ORDER BY unreferenced_at LIMIT $2`,
};

const FORGET: Statement = {
  name: 'forget-objects',
  text: 'SELECT forget_objects($1, $2) AS count',
};

interface ClaimRow extends OwnerRow {
  readonly kind: Exclude<ClaimOutcome['kind'], 'invalid'>;
  readonly changed: readonly TopicField[];
  readonly isDrift: boolean | null;
  /** Null where there is no topic at all. */
  readonly topicId: string | null;
  readonly name: string | null;
  readonly partitions: number | null;
}

interface OwnedRow extends TopicRow {
  readonly specHash: string;
  readonly deletedAtMs: number | null;
  readonly purgeAfterMs: number | null;
}

interface PurgeRow {
  readonly rows: number;
  readonly purged: string | null;
  readonly hasMore: boolean;
}

export class PgOperator implements OperatorStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async lead(identity: string, signal: AbortSignal): Promise<OperatorEpoch> {
    const [row] = await this.#database.write<{ epoch: number }>(LEAD, [identity], signal);
    return operatorEpoch(one(row).epoch);
  }

  async claim(
    epoch: OperatorEpoch,
    wishes: readonly TopicWish[],
    signal: AbortSignal,
  ): Promise<readonly ClaimOutcome[]> {
    if (wishes.length > LIMITS.claimTopicsMax) {
      const message = `a claim has at most ${LIMITS.claimTopicsMax} wishes, got ${wishes.length}`;
      throw new StreamError('invalid', 'CLAIM_TOO_LARGE', message);
    }
    // One that the database would not take must not fail the others.
    const problems = wishes.map(wishProblem);
    const sent = wishes.filter((_, index) => problems[index] === undefined);
    const values = [epoch, JSON.stringify(sent), LIMITS.clusterPartitionsMax];
    const rows = (await this.#database.write<ClaimRow>(CLAIM, values, signal)).values();
    return problems.map((problem) =>
      problem === undefined ? toOutcome(one(rows.next().value)) : { kind: 'invalid', problem },
    );
  }

  async release(
    epoch: OperatorEpoch,
    id: TopicId,
    ownerUid: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const values = [epoch, id, ownerUid];
    const [row] = await this.#database.write<{ isReleased: boolean }>(RELEASE, values, signal);
    return one(row).isReleased;
  }

  async softDelete(
    epoch: OperatorEpoch,
    id: TopicId,
    ownerUid: string,
    graceMs: number,
    signal: AbortSignal,
  ): Promise<SoftDeleteOutcome> {
    const values = [epoch, id, ownerUid, graceMs];
    const [row] = await this.#database.write<{ outcome: SoftDeleteOutcome }>(
      SOFT_DELETE,
      values,
      signal,
    );
    return one(row).outcome;
  }

  async drainAgent(epoch: OperatorEpoch, id: Incarnation, signal: AbortSignal): Promise<void> {
    await this.#database.write(DRAIN_AGENT, [epoch, id], signal);
  }

  async fenceAgent(epoch: OperatorEpoch, id: Incarnation, signal: AbortSignal): Promise<boolean> {
    const [row] = await this.#database.write<{ count: number }>(FENCE_AGENT, [epoch, id], signal);
    return one(row).count === 1;
  }

  async snapshot(signal: AbortSignal): Promise<readonly OwnedTopic[]> {
    const rows = await this.#database.read<OwnedRow>(SNAPSHOT, [], signal);
    return rows.map((row) => ({
      ...toTopic(row),
      owner: ownerOf(row),
      specHash: row.specHash,
      deletion:
        row.deletedAtMs === null
          ? undefined
          : { deletedAtMs: row.deletedAtMs, purgeAfterMs: row.purgeAfterMs ?? undefined },
    }));
  }

  async owners(signal: AbortSignal): Promise<readonly TopicOwnership[]> {
    const rows = await this.#database.read<OwnerRow & { topicId: string }>(OWNERS, [], signal);
    return rows.map((row) => ({ topicId: topicId(row.topicId), owner: ownerOf(row) }));
  }

  async purge(epoch: OperatorEpoch, limit: number, signal: AbortSignal): Promise<PurgeStep> {
    const [row] = await this.#database.write<PurgeRow>(PURGE, [epoch, limit], signal);
    const { rows, purged, hasMore } = one(row);
    return { rows, purged: purged === null ? undefined : topicId(purged), hasMore };
  }

  async garbage(graceMs: number, limit: number, signal: AbortSignal): Promise<readonly string[]> {
    const values = [graceMs, limit];
    const rows = await this.#database.read<{ key: string }>(GARBAGE, values, signal);
    return rows.map((row) => row.key);
  }

  async forget(
    epoch: OperatorEpoch,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const [row] = await this.#database.write<{ count: number }>(FORGET, [epoch, keys], signal);
    return one(row).count;
  }
}

function toOutcome(row: ClaimRow): ClaimOutcome {
  const { kind, changed } = row;
  switch (kind) {
    case 'created':
    case 'unchanged':
    case 'adoptionConflict':
      return { kind, topic: claimed(row) };
    case 'adopted':
    case 'restored':
      return { kind, topic: claimed(row), changed };
    case 'updated':
      return { kind, topic: claimed(row), changed, isDrift: row.isDrift === true };
    case 'drifted':
      return { kind, topic: claimed(row), differs: changed };
    case 'nameConflict':
      return { kind, name: one(row.name), owner: toOwner(row) };
    case 'renameRefused':
      return { kind, topic: claimed(row), name: one(row.name) };
    case 'dataLost':
      return { kind };
    case 'partitionsLimit':
      return { kind, partitionsMax: LIMITS.clusterPartitionsMax };
  }
}

function claimed(row: ClaimRow): ClaimedTopic {
  return { topicId: topicId(one(row.topicId)), partitions: one(row.partitions) };
}

function ownerOf(row: OwnerRow): KubernetesOwner {
  return one(toOwner(row) ?? null);
}

/** What Postgres always returns. */
function one<T>(value: T | null | undefined): T {
  if (value !== null && value !== undefined) return value;
  throw new StreamError('internal', 'NO_ROW', 'Postgres returned less than it was asked for');
}
