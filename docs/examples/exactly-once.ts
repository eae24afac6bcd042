/**
 * Counts what produce.ts wrote into a PostgreSQL of yours, each record exactly once: a result and the offset after it are stored in
 * one transaction, and a member that is given a partition goes on at that offset. Kill it, start it twice: the sums stay
 * right. Ctrl-C ends it.
 *
 *     node hack/launch.mjs docs/examples/exactly-once.ts [BOOTSTRAP] [POSTGRES_URL]
 */
import {
  type ConsumerRecord,
  connectConsumer,
  type HandlerContext,
  type PartitionName,
} from '@streamhouse/client';
import pg from 'pg';
import { ensureTopic } from './ensure-topic.ts';

const TOPIC = 'readings';
const [bootstrap = 'localhost:9090', connectionString = 'postgresql://localhost/postgres'] =
  process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const pool = new pg.Pool({ connectionString });
// The lock is for several of these programs that start at the same time.
await pool.query(`
  SELECT pg_advisory_xact_lock(1);
  CREATE TABLE IF NOT EXISTS sensors (name text PRIMARY KEY, readings bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS positions
    (topic text, partition int, next_offset bigint NOT NULL, PRIMARY KEY (topic, partition));
`);

/** The offset of the next record to be counted. In a transaction, nobody else counts the partition until it is over. */
async function nextOffset(
  db: pg.Pool | pg.PoolClient,
  { topic, partition }: PartitionName,
): Promise<number> {
  const { rows } = await db.query(
    `INSERT INTO positions VALUES ($1, $2, 0)
     ON CONFLICT (topic, partition) DO UPDATE SET next_offset = positions.next_offset
     RETURNING next_offset`,
    [topic, partition],
  );
  return Number(rows[0].next_offset);
}

async function count(
  db: pg.PoolClient,
  records: readonly ConsumerRecord[],
  { topic, partition }: PartitionName,
): Promise<void> {
  const next = await nextOffset(db, { topic, partition });
  // A member that was paused has records in its hands that the next owner has counted meanwhile.
  const fresh = records.filter(({ offset }) => offset >= next);
  const last = fresh.at(-1);
  if (last === undefined) return;
  await db.query(
    `INSERT INTO sensors SELECT name, count(*) FROM unnest($1::text[]) AS name GROUP BY name
     ON CONFLICT (name) DO UPDATE SET readings = sensors.readings + excluded.readings`,
    [fresh.map(({ key }) => Buffer.from(key ?? []).toString())],
  );
  await db.query('UPDATE positions SET next_offset = $3 WHERE topic = $1 AND partition = $2', [
    topic,
    partition,
    last.offset + 1,
  ]);
}

async function countInTransaction(
  records: readonly ConsumerRecord[],
  partition: HandlerContext,
): Promise<void> {
  const db = await pool.connect();
  try {
    await db.query('BEGIN');
    await count(db, records, partition);
    await db.query('COMMIT');
    console.log(`partition ${partition.partition}: ${records.length} records`);
  } catch (error) {
    await db.query('ROLLBACK');
    throw error;
  } finally {
    db.release();
  }
}

await ensureTopic(bootstrap, TOPIC, 6);
// Nothing is committed to the group: it says only who reads what.
await using consumer = await connectConsumer({
  bootstrap,
  groupId: 'sensor-counts',
  autoOffsetReset: 'earliest',
  autoCommit: false,
});
await consumer.subscribe([TOPIC], {
  onAssigned: async (partitions) => {
    for (const place of partitions) consumer.seek(place, await nextOffset(pool, place));
  },
});
await consumer.run({
  eachBatch: countInTransaction,
  onError: (error, { partition }) => console.error(`partition ${partition}:`, error),
  signal: stop.signal,
});
await pool.end();
