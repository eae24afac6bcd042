import { StreamError } from '@streamhouse/core/errors.ts';
import {
  epoch,
  generation,
  type Incarnation,
  incarnation,
  offset,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import type {
  CommitOutcome,
  GroupAssignment,
  GroupCommit,
  GroupGeneration,
  GroupMember,
  GroupOffset,
  GroupReset,
  GroupStore,
  GroupSummary,
  ResetOutcome,
  SlotFence,
  SlotHandover,
  SlotLease,
  StoredGroup,
} from '../groups.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Database, Statement } from './database.ts';
import {
  GROUP_COLUMNS,
  type GroupRow,
  OFFSET_COLUMNS,
  type OffsetRow,
  ownedParts,
  type SummaryRow,
  toGroup,
  toGroupOffset,
  toSummary,
} from './group-rows.ts';

const SLOTS: Statement = {
  name: 'group-slots',
  text: `
    SELECT g.slot, s.incarnation AS holder, g.epoch
    FROM group_slots g
    LEFT JOIN agent_sessions s ON s.incarnation = g.holder_incarnation AND s.fenced_at IS NULL
    ORDER BY g.slot`,
};

const TAKE: Statement = {
  name: 'take-slots',
  text: 'SELECT slot, epoch FROM take_slots($1, $2) ORDER BY slot',
};

const RELEASE: Statement = {
  name: 'release-slots',
  text: 'SELECT release_slots($1, $2, $3, $4) AS count',
};

const LOAD: Statement = {
  name: 'load-group',
  text: `SELECT ${GROUP_COLUMNS} FROM load_group($1, $2, $3, $4)`,
};

const DESCRIBE: Statement = {
  name: 'describe-group',
  text: `SELECT ${GROUP_COLUMNS} FROM stored_group($1)`,
};

const SAVE_GENERATION: Statement = {
  name: 'save-generation',
  text: 'SELECT save_generation($1, $2, $3, $4, $5, $6, $7, $8)::text',
};

const SAVE_ASSIGNMENT: Statement = {
  name: 'save-assignment',
  text: 'SELECT save_assignment($1, $2, $3, $4, $5, $6, $7)::text',
};

const REPLACE_MEMBER: Statement = {
  name: 'replace-member',
  text: 'SELECT replace_member($1, $2, $3, $4, $5, $6, $7)::text',
};

const COMMIT: Statement = {
  name: 'commit-offsets',
  text: `
    SELECT outcomes, missing FROM commit_offsets($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
};

const RESET: Statement = {
  name: 'reset-group',
  text: 'SELECT before, expelled, generation FROM reset_group($1, $2, $3, $4, $5, $6, $7, $8, $9)',
};

const DELETE: Statement = {
  name: 'delete-group',
  text: 'SELECT delete_group($1, $2, $3, $4) AS outcome',
};

const ALL_OFFSETS: Statement = {
  name: 'group-offsets',
  text: `
    SELECT o.topic_id AS "topicId", o.part AS partition, ${OFFSET_COLUMNS},
           (o.part >= k.partitions) IS TRUE AS "isAdded"
    FROM group_offsets o JOIN topics t ON t.topic_id = o.topic_id AND t.deleted_at IS NULL
    LEFT JOIN group_topics k ON k.group_id = o.group_id AND k.topic_id = o.topic_id
    WHERE o.group_id = $1 ORDER BY o.topic_id, o.part`,
};

const NAMED_OFFSETS: Statement = {
  name: 'named-group-offsets',
  text: `
    SELECT w.topic_id AS "topicId", w.part AS partition, ${OFFSET_COLUMNS},
           (w.part >= k.partitions) IS TRUE AS "isAdded"
    FROM unnest($2::uuid[], $3::integer[]) WITH ORDINALITY w (topic_id, part, place)
    LEFT JOIN topics t ON t.topic_id = w.topic_id AND t.deleted_at IS NULL
    LEFT JOIN group_offsets o ON o.group_id = $1 AND o.topic_id = t.topic_id AND o.part = w.part
    LEFT JOIN group_topics k ON k.group_id = $1 AND k.topic_id = t.topic_id
    ORDER BY w.place`,
};

const LIST: Statement = {
  name: 'list-groups',
  text: `
    SELECT g.group_id AS "groupId", g.generation, g.assignor, g.is_assigned AS "isAssigned",
           (SELECT count(*) FROM group_members m WHERE m.group_id = g.group_id) AS members
    FROM groups g WHERE g.group_id > $1 ORDER BY g.group_id LIMIT $2`,
};

const INHABITED: Statement = {
  name: 'inhabited-groups',
  text: `
    SELECT DISTINCT group_id AS "groupId" FROM group_members JOIN groups USING (group_id)
    WHERE slot = ANY ($1::integer[]) ORDER BY group_id`,
};

interface SlotRow {
  readonly slot: number;
  readonly holder: number | null;
  readonly epoch: number;
}

interface CommitRow {
  readonly outcomes: readonly CommitOutcome['kind'][];
  readonly missing: readonly number[];
}

interface ResetRow {
  /** -1: none. */
  readonly before: readonly number[];
  readonly expelled: number;
  readonly generation: number;
}

export class PgGroups implements GroupStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async slots(signal: AbortSignal): Promise<readonly SlotLease[]> {
    const rows = await this.#database.read<SlotRow>(SLOTS, [], signal);
    return rows.map((row) => ({
      slot: row.slot,
      holder: row.holder === null ? undefined : incarnation(row.holder),
      epoch: epoch(row.epoch),
    }));
  }

  async takeSlots(
    me: Incarnation,
    wanted: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly SlotLease[]> {
    const values = [me, arrayLiteral(wanted)];
    const rows = await this.#database.write<SlotRow>(TAKE, values, signal);
    return rows.map((row) => ({ slot: row.slot, holder: me, epoch: epoch(row.epoch) }));
  }

  async releaseSlots(
    me: Incarnation,
    handovers: readonly SlotHandover[],
    signal: AbortSignal,
  ): Promise<number> {
    const values = [
      me,
      arrayLiteral(handovers.map((handover) => handover.slot)),
      arrayLiteral(handovers.map((handover) => handover.epoch)),
      arrayLiteral(handovers.map((handover) => handover.heir ?? null)),
    ];
    const [row] = await this.#database.write<{ count: number }>(RELEASE, values, signal);
    return row?.count ?? 0;
  }

  async load(
    fence: SlotFence,
    groupId: string,
    signal: AbortSignal,
  ): Promise<StoredGroup | undefined> {
    const values = [...fenceValues(fence), groupId];
    const [row] = await this.#database.read<GroupRow>(LOAD, values, signal);
    return row === undefined ? undefined : toGroup(groupId, row);
  }

  async saveGeneration(
    fence: SlotFence,
    group: GroupGeneration,
    signal: AbortSignal,
  ): Promise<void> {
    const { groupId, assignor = null, leaderId = null, members } = group;
    const joined = JSON.stringify(members.map(joinedMember));
    const values = [...fenceValues(fence), groupId, group.generation, assignor, leaderId, joined];
    await this.#database.write(SAVE_GENERATION, values, signal);
  }

  async saveAssignment(
    fence: SlotFence,
    assignment: GroupAssignment,
    signal: AbortSignal,
  ): Promise<void> {
    const { groupId, partitions, topics } = assignment;
    const assigned = Array.from(partitions, ([member, owned]) => [member, ownedParts(owned)]);
    const values = [
      ...fenceValues(fence),
      groupId,
      assignment.generation,
      JSON.stringify(Object.fromEntries(assigned)),
      JSON.stringify(Object.fromEntries(topics)),
    ];
    await this.#database.write(SAVE_ASSIGNMENT, values, signal);
  }

  async replaceMember(
    fence: SlotFence,
    group: Pick<GroupGeneration, 'groupId' | 'generation'>,
    oldMemberId: string,
    member: GroupMember,
    signal: AbortSignal,
  ): Promise<void> {
    const joined = JSON.stringify(joinedMember(member));
    const { groupId, generation: at } = group;
    const values = [...fenceValues(fence), groupId, at, oldMemberId, joined];
    await this.#database.write(REPLACE_MEMBER, values, signal);
  }

  async commit(
    me: Incarnation,
    commits: readonly GroupCommit[],
    signal: AbortSignal,
  ): Promise<readonly CommitOutcome[]> {
    const offsets = commits.flatMap((commit, index) =>
      commit.offsets.map((one) => ({ ...one, commit: index })),
    );
    const values = [
      me,
      arrayLiteral(commits.map((commit) => commit.slot)),
      arrayLiteral(commits.map((commit) => commit.epoch)),
      commits.map((commit) => commit.groupId),
      commits.map((commit) => commit.member?.memberId ?? null),
      arrayLiteral(commits.map((commit) => commit.member?.generation ?? null)),
      arrayLiteral(offsets.map((one) => one.commit + 1)),
      arrayLiteral(offsets.map((one) => one.topicId)),
      arrayLiteral(offsets.map((one) => one.partition)),
      arrayLiteral(offsets.map((one) => one.offset)),
      offsets.map((one) => one.metadata),
    ];
    const [row] = await this.#database.write<CommitRow>(COMMIT, values, signal);
    const { outcomes, missing } = answered(row);
    const lost = Map.groupBy(
      missing.flatMap((index) => offsets[index] ?? []),
      (one) => one.commit,
    );
    return outcomes.map((kind, index) => {
      if (kind !== 'committed') return { kind };
      const partitions = lost.get(index) ?? [];
      return {
        kind,
        missing: partitions.map(({ topicId, partition }) => ({ topicId, partition })),
      };
    });
  }

  async reset(fence: SlotFence, reset: GroupReset, signal: AbortSignal): Promise<ResetOutcome> {
    const { offsets } = reset;
    const values = [
      ...fenceValues(fence),
      reset.groupId,
      reset.generation,
      arrayLiteral(offsets.map((one) => one.topicId)),
      arrayLiteral(offsets.map((one) => one.partition)),
      arrayLiteral(offsets.map((one) => one.offset ?? null)),
      reset.isDryRun,
    ];
    const [row] = await this.#database.write<ResetRow>(RESET, values, signal);
    const { before, expelled, generation: now } = answered(row);
    const changes = offsets.map(({ topicId, partition, offset: after }, index) => {
      const old = before[index] ?? -1;
      return { topicId, partition, before: old === -1 ? undefined : offset(old), after };
    });
    return { changes, expelled, generation: generation(now) };
  }

  async delete(
    fence: SlotFence,
    groupId: string,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent' | 'hasMembers'> {
    type DeleteRow = { readonly outcome: 'deleted' | 'absent' | 'hasMembers' };
    const values = [...fenceValues(fence), groupId];
    const [row] = await this.#database.write<DeleteRow>(DELETE, values, signal);
    return answered(row).outcome;
  }

  async offsets(
    groupId: string,
    partitions: readonly TopicPartition[] | undefined,
    signal: AbortSignal,
  ): Promise<readonly GroupOffset[]> {
    const [statement, values] =
      partitions === undefined
        ? [ALL_OFFSETS, [groupId]]
        : [
            NAMED_OFFSETS,
            [
              groupId,
              arrayLiteral(partitions.map((one) => one.topicId)),
              arrayLiteral(partitions.map((one) => one.partition)),
            ],
          ];
    const rows = await this.#database.read<OffsetRow>(statement, values, signal);
    return rows.map(toGroupOffset);
  }

  async list(after: string, limit: number, signal: AbortSignal): Promise<readonly GroupSummary[]> {
    const rows = await this.#database.read<SummaryRow>(LIST, [after, limit], signal);
    return rows.map(toSummary);
  }

  async describe(groupId: string, signal: AbortSignal): Promise<StoredGroup | undefined> {
    const [row] = await this.#database.read<GroupRow>(DESCRIBE, [groupId], signal);
    return row === undefined ? undefined : toGroup(groupId, row);
  }

  async inhabited(slots: readonly number[], signal: AbortSignal): Promise<readonly string[]> {
    const rows = await this.#database.read<{ groupId: string }>(
      INHABITED,
      [arrayLiteral(slots)],
      signal,
    );
    return rows.map(({ groupId }) => groupId);
  }
}

function fenceValues(fence: SlotFence): number[] {
  return [fence.incarnation, fence.slot, fence.epoch];
}

function joinedMember(member: GroupMember): GroupMember {
  const { memberId, instanceId, clientId, clientHost, topics, assignors } = member;
  const { sessionTimeoutMs, rebalanceTimeoutMs } = member;
  return {
    ...{ memberId, instanceId, clientId, clientHost, topics, assignors },
    ...{ sessionTimeoutMs, rebalanceTimeoutMs },
  };
}

/** What Postgres always returns. */
function answered<T>(row: T | undefined): T {
  if (row !== undefined) return row;
  throw new StreamError('internal', 'NO_ROW', 'Postgres returned less than it was asked for');
}
