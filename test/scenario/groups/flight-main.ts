/**
 * A member of a group that handles flights until it is killed: into a file, a line for each, with automatic commits; or into
 * Postgres, each batch in one transaction with the offset after it.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as work } from 'node:timers/promises';
import {
  connectConsumer,
  type ConsumerRecord,
  type PartitionName,
} from '@streamhouse/client/mod.ts';
import { Database } from '@streamhouse/store/metadata/pg/database.ts';

/** Milliseconds between what a member is given and what it writes: kills come in the middle of it. */
const WORK_MS = 100;

const [bootstrap = '', groupId = '', topic = '', sessionTimeoutMs, sink = ''] =
  process.argv.slice(2);
const isDatabase = sink.startsWith('postgres');
const { signal } = new AbortController();
const consumer = await connectConsumer({
  bootstrap,
  groupId,
  sessionTimeoutMs: Number(sessionTimeoutMs),
  autoOffsetReset: 'earliest',
  autoCommit: !isDatabase,
  autoCommitIntervalMs: 50,
  maxPollRecords: 1_000,
});

function textOf({ value }: ConsumerRecord): string {
  return new TextDecoder().decode(value ?? undefined);
}

async function intoFile(): Promise<void> {
  await consumer.subscribe([topic]);
  await consumer.run({
    eachBatch: async (records, { partition }) => {
      await work(WORK_MS);
      const lines = records.map((record) => `${partition} ${record.offset} ${textOf(record)}\n`);
      appendFileSync(sink, lines.join(''));
    },
  });
}

async function intoDatabase(): Promise<void> {
  const options = { url: sink, applicationName: 'flights', size: 4, onError: () => undefined };
  await using database = new Database(options);
  const seekToStored = async (place: PartitionName): Promise<void> => {
    const statement = { name: 'position', text: 'SELECT position_of($1) AS next' };
    const [row] = await database.write<{ next: number }>(statement, [place.partition], signal);
    consumer.seek(place, row?.next ?? 0);
  };
  await consumer.subscribe([topic], {
    onAssigned: async (places) => {
      for (const place of places) await seekToStored(place);
    },
  });
  const statement = { name: 'store', text: 'SELECT store_flights($1, $2::bigint[], $3::text[])' };
  await consumer.run({
    eachBatch: async (records, { partition }) => {
      await work(WORK_MS);
      const offsets = records.map(({ offset }) => String(offset));
      await database.write(statement, [partition, offsets, records.map(textOf)], signal);
    },
  });
}

await (isDatabase ? intoDatabase() : intoFile());
