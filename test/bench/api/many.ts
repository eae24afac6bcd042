/** A cluster as large as the console's budget names it, as rows: what its agents, producers and groups would have left in Postgres. */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { Database, type Statement } from '@streamhouse/store/metadata/pg/database.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { TopicSettings } from '@streamhouse/store/metadata/topics.ts';

export const TOPICS = 10_000;
export const GROUPS = 1_000;
const PARTITIONS = 4;
/** A topic with as many partitions as one page of the console shows. */
export const WIDE = { name: 'wide', partitions: 1_000 } as const;
const AGENTS = 3;
const STATEMENT_ROWS = 500;
const TIMEOUT_MS = 120_000;

const SETTINGS: TopicSettings = {
  ...{ pool: 'default', durability: 'object', retentionMs: null, retentionBytes: null, config: {} },
};

/** Every topic like the model, which the product made; of different ages, and with records of different numbers. */
const COPY_TOPIC: Statement = {
  name: 'copy-topic',
  text: `
    WITH copies AS (
      INSERT INTO topics (name, partitions, pool, durability, retention_ms, retention_bytes, config, created_at)
      SELECT ${topicName('i')}, partitions, pool, durability, retention_ms, retention_bytes, config,
             created_at - i * interval '1 minute'
      FROM topics, generate_series($2::integer, $3::integer) i WHERE topic_id = $1 RETURNING topic_id)
    INSERT INTO partitions (topic_id, part, holder_incarnation, epoch, next_offset, bytes)
    SELECT c.topic_id, p.part, p.holder_incarnation, p.epoch, r.records, r.records * 100
    FROM copies c, partitions p,
         LATERAL (SELECT abs(hashtext(c.topic_id::text || p.part)::bigint) % 1000000 AS records) r
    WHERE p.topic_id = $1`,
};

const GROUPS_OF_TWO_TOPICS: Statement = {
  name: 'many-groups',
  text: `
    WITH made AS (
      INSERT INTO groups (group_id, slot, generation, assignor, leader_id, is_assigned)
      SELECT 'readers-' || lpad(i::text, 4, '0'), i % 64, 1, 'sticky', 'member-0', true
      FROM generate_series($1::integer, $2::integer) i RETURNING group_id, right(group_id, 4)::integer AS i),
    read AS (
      SELECT m.group_id, m.i, t.topic_id, t.name, p.part, p.next_offset
      FROM made m CROSS JOIN LATERAL (VALUES (${topicName('m.i')}), (${topicName('m.i * 2')})) n (name)
      JOIN topics t USING (name) JOIN partitions p USING (topic_id)),
    members AS (
      INSERT INTO group_members (group_id, member_id, client_id, client_host, session_timeout_ms,
                                 rebalance_timeout_ms, topics, assignors, partitions)
      SELECT group_id, 'member-' || number, 'shop', '127.0.0.1', 45000, 60000,
             array_agg(name), '{sticky}', jsonb_object_agg(topic_id, parts)
      FROM (SELECT group_id, part % 2 AS number, topic_id, name, jsonb_agg(part ORDER BY part) AS parts
            FROM read GROUP BY group_id, number, topic_id, name) owned GROUP BY group_id, number)
    INSERT INTO group_offsets (group_id, topic_id, part, next_offset, generation)
    SELECT group_id, topic_id, part, greatest(next_offset - i, 0), 1 FROM read`,
};

const ANALYZE: Statement = { name: 'analyze', text: 'ANALYZE' };

/** In SQL: of the topic with a number from 1 on. */
function topicName(number: string): string {
  return `'shop.orders-' || lpad((${number})::text, 5, '0')`;
}

/** @param url of a database whose schema is up to date and that nobody serves: agents would take all of it over. */
export async function fillWithMany(url: string): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const place = { url, applicationName: 'fill', onError: () => undefined };
  await using metadata = await openPgMetadata({
    ...place,
    clock: systemClock,
    random: Math.random,
  });
  const { agents, leases, topics } = metadata;
  const model = await topics.create('model', PARTITIONS, SETTINGS, signal);
  await topics.create(WIDE.name, WIDE.partitions, SETTINGS, signal);
  const places = Array.from({ length: AGENTS }, (_, index) => ({
    ...{ agentId: `agent-${index}`, zone: 'a', address: `127.0.0.1:${9_090 + index}` },
    ...{ pool: 'default', managedTopics: [] },
  }));
  const lives = await Promise.all(places.map((agent) => agents.register(agent, signal)));
  const all = await leases.all(signal);
  for (const [index, me] of lives.entries()) {
    const share = all.filter(({ partition }) => partition % AGENTS === index);
    await leases.takeover(me, share, signal);
  }
  await using database = new Database({ ...place, size: 1 });
  // The two that the product made are topics as well.
  for (const part of partsOf(TOPICS - 2))
    await database.write(COPY_TOPIC, [model.topicId, ...part], signal);
  await database.write(ANALYZE, [], signal);
  for (const part of partsOf(GROUPS)) await database.write(GROUPS_OF_TWO_TOPICS, part, signal);
  await database.write(ANALYZE, [], signal);
}

/** First and last of each: on a machine that does much else, one statement has no time for all. */
function partsOf(count: number): (readonly [first: number, last: number])[] {
  return Array.from({ length: Math.ceil(count / STATEMENT_ROWS) }, (_, part) => [
    part * STATEMENT_ROWS + 1,
    Math.min(count, (part + 1) * STATEMENT_ROWS),
  ]);
}
