import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Facts } from './facts.ts';

const TOPIC = '00000000-0000-4000-8000-000000000001';
const MEMBER = `INSERT INTO group_members
  (group_id, member_id, client_id, client_host, session_timeout_ms, rebalance_timeout_ms, topics, assignors, partitions)
  VALUES ('g', $1, '', '', 1, 1, '{}', '{}', $2)`;
const OFFSET = `INSERT INTO group_offsets (group_id, topic_id, part, next_offset, generation) VALUES ('g', $1, $2, $3, $4)`;

describe('the audit of groups', () => {
  let database: TestDatabase;
  let facts: Facts;

  /** A topic of two partitions, with ten records in the first; a group in generation 5 with the member "m". */
  beforeEach(async () => {
    database = await createTestDatabase();
    facts = new Facts(database.url);
    await database.sql(
      `INSERT INTO topics (topic_id, name, partitions, pool, durability) VALUES ($1, 't', 2, 'default', 'object')`,
      [TOPIC],
    );
    await database.sql(
      `INSERT INTO partitions (topic_id, part, next_offset) VALUES ($1, 0, 10), ($1, 1, 0)`,
      [TOPIC],
    );
    await database.sql(
      `INSERT INTO groups (group_id, slot, generation, leader_id, is_assigned) VALUES ('g', 0, 5, 'm', true)`,
    );
    await database.sql(MEMBER, ['m', { [TOPIC]: [0] }]);
  });

  afterEach(async () => {
    await facts[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test('finds nothing where nothing is wrong, and tells how far the group has come', async () => {
    await database.sql(MEMBER, ['n', { [TOPIC]: [1] }]);
    await database.sql(OFFSET, [TOPIC, 0, 7, 4]);
    expect(await facts.auditGroups()).toEqual([]);
    expect(await facts.groupLag('g')).toBe(3);
    expect(await facts.groupLag('h')).toBe(10);
    expect(await facts.generation()).toBe(5);
  });

  test.each<[finding: string, sql: string, values: readonly unknown[]]>([
    [`two-owners: g ${TOPIC}/0`, MEMBER, ['n', { [TOPIC]: [0] }]],
    [`no-such-partition: g ${TOPIC}/2 of n`, MEMBER, ['n', { [TOPIC]: [2] }]],
    [`offset-ahead: g ${TOPIC}/0 11`, OFFSET, [TOPIC, 0, 11, 5]],
    [`offset-ahead: g ${TOPIC}/2 0`, OFFSET, [TOPIC, 2, 0, 5]],
    [`offset-of-no-generation: g ${TOPIC}/0 6`, OFFSET, [TOPIC, 0, 10, 6]],
    ['leader-is-no-member: g', `UPDATE groups SET leader_id = 'n' WHERE group_id = $1`, ['g']],
  ])('finds %s', async (finding, sql, values) => {
    await database.sql(sql, values);
    expect(await facts.auditGroups()).toEqual([finding]);
  });
});
