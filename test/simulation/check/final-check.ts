/** Compares, once all is quiet, what is stored with what clients were told and have read. */
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { partitionIndex } from '@streamhouse/core/ids.ts';
import { verifyRun } from '@streamhouse/core/object/run-crc.ts';
import { decodeBatches } from '@streamhouse/core/record/decode.ts';
import type { Bucket } from '../model/bucket.ts';
import type { PartitionRow } from '../model/rows.ts';
import type { History, Send } from './history.ts';

type Violate = (invariant: string, message: string) => void;

/** One partition as it is stored: the value at each offset. */
interface StoredLog {
  readonly row: PartitionRow;
  readonly values: readonly string[];
}

/** @param rows of all topics, also of deleted ones: what was told of them must have been true. */
export function checkFinal(history: History, rows: readonly PartitionRow[], bucket: Bucket): void {
  const violate: Violate = (invariant, message) => history.violate(invariant, message);
  const logs = rows.map((row) => ({ row, values: readLog(row, bucket, violate) }));
  checkValuesOnce(logs, violate);
  checkReads(logs, history, violate);
  const logsByPlace = Map.groupBy(logs, ({ row }) => `${row.topic.name}/${row.partition}`);
  // What a deleted topic had is gone: nobody can see it later.
  const present = logs.filter(({ row }) => !row.topic.isDeleted);
  const visible = new Set(present.flatMap(({ values }) => values));
  for (const send of history.sends) {
    const places = logsByPlace.get(`${send.topic}/${send.partition}`) ?? [];
    checkSend(send, places, visible, violate);
  }
}

/** I-03: runs in a row from 0 to the next offset, each with the bytes that were published. */
function readLog(row: PartitionRow, bucket: Bucket, violate: Violate): readonly string[] {
  const { topicId } = row.topic;
  const where = `${topicId}/${row.partition}`;
  const values: string[] = [];
  for (const run of row.runs) {
    if (run.baseOffset !== values.length)
      violate('I-03', `${where} has a run at ${run.baseOffset}, and ${values.length} was next`);
    try {
      const bytes = bucket.get(run.objectKey, run);
      verifyRun({ topicId, partition: partitionIndex(row.partition) }, run, bytes, crc32c);
      for (const record of decodeBatches(bytes, { port: nativeCompression, crc32c })) {
        if (record.offset !== values.length)
          violate('I-03', `${where} has offset ${record.offset} in the place of ${values.length}`);
        values.push(new TextDecoder().decode(record.value ?? undefined));
      }
    } catch (error) {
      violate('I-01', `${where}@${run.baseOffset} cannot be read: ${String(error)}`);
    }
  }
  if (row.nextOffset !== values.length)
    violate('I-03', `${where} ends at ${row.nextOffset}, and has ${values.length} records`);
  return values;
}

function checkValuesOnce(logs: readonly StoredLog[], violate: Violate): void {
  const places = new Map<string, string>();
  for (const { row, values } of logs) {
    for (const [offset, value] of values.entries()) {
      // A topic made again is another log: what was sent to both of that name may be in both.
      const name = `${row.topic.topicId} ${value}`;
      const where = `${row.topic.name}/${row.partition}@${offset}`;
      const before = places.get(name);
      if (before !== undefined) violate('I-12', `${value} is at ${before} and at ${where}`);
      places.set(name, where);
    }
  }
}

function checkReads(logs: readonly StoredLog[], history: History, violate: Violate): void {
  for (const { row, values } of logs) {
    for (const [offset, value] of history.seen(row.topic.topicId, row.partition)) {
      if (values[offset] === value) continue;
      const where = `${row.topic.name}/${row.partition}@${offset}`;
      violate('I-02', `${value} was read at ${where}, where ${values[offset]} is`);
    }
  }
}

function checkSend(
  send: Send,
  places: readonly StoredLog[],
  visible: ReadonlySet<string>,
  violate: Violate,
): void {
  const { outcome, value, topic, partition } = send;
  if (outcome?.type === 'fail' && visible.has(value))
    violate('I-11', `${value} is in the log and was told as failed: ${outcome.reason}`);
  if (outcome?.type !== 'ok') return;
  if (places.some(({ values }) => values[outcome.offset] === value)) return;
  const where = `${topic}/${partition}@${outcome.offset}`;
  const there = places.map(({ values }) => values[outcome.offset]).join();
  violate('I-01', `${value} was acknowledged at ${where}, where ${there || 'nothing'} is`);
}
