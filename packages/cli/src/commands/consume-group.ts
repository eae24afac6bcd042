/** `consume --group`: prints what the group has not read yet, as one of its members, and commits what was printed. */
import {
  type Consumer,
  type ConsumerRecord,
  connectConsumer,
  type PartitionName,
} from '@streamhouse/client/mod.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import type { ReadFrom } from '../options.ts';
import { type PartitionPosition, ReadEnd } from '../read-end.ts';
import { POLL_MS, POLL_RECORDS_MAX, type Reading } from './reading.ts';

/** Who waits for the end, we or another member, sees by this how far each one is. */
const COMMIT_EVERY_MS = 1_000;
/** Who has interrupted the command does not wait for longer. */
const LAST_COMMIT_MS = 5_000;

/** @throws CommandError for what the group decides, not the command. */
export function checkGroupOptions(partition: number | undefined, from: ReadFrom | undefined): void {
  if (partition !== undefined) {
    throw new CommandError(
      EXIT.usage,
      'the group says which partitions are read; leave --partition or --group out',
    );
  }
  if (from?.at === 'offset' || from?.at === 'time') {
    throw new CommandError(
      EXIT.usage,
      'a group goes on where it was: set that with "streamhouse groups reset"; --from takes earliest or latest with --group',
    );
  }
}

export async function consumeInGroup(reading: Reading, groupId: string): Promise<void> {
  const { topic, printer, stop } = reading;
  await using consumer = await connectConsumer({
    ...reading.connect,
    groupId,
    autoOffsetReset: resetOf(reading),
    autoCommitIntervalMs: COMMIT_EVERY_MS,
    maxPollRecords: POLL_RECORDS_MAX,
    clientId: 'streamhouse-consume',
  });
  const end = reading.isFollowing ? undefined : await endOf(reading, consumer);
  await printer.begin();
  if (end?.isReached === true) return;
  try {
    await consumer.subscribe([topic.name], { signal: stop });
    await printUntil(end, reading, consumer);
  } catch (error) {
    // After other errors, the last records count as printed as well: a poll has failed, which comes after them.
    if (stop.aborted && !printer.isClosed) await commitSoon(consumer);
    throw error;
  }
  await consumer.commit();
}

/** @throws CommandError when the group does not answer soon. */
async function commitSoon(consumer: Consumer): Promise<void> {
  const limit = AbortSignal.timeout(LAST_COMMIT_MS);
  await consumer.commit(undefined, { signal: limit }).catch((error: unknown) => {
    if (!limit.aborted) throw error;
    const message =
      'the group does not answer: what was printed last is not committed, and is printed again next time';
    throw new CommandError(EXIT.unavailable, message, { cause: error });
  });
}

/** Where the group begins in a partition in which it has committed nothing. */
function resetOf({ from }: Reading): 'earliest' | 'latest' {
  return from.at === 'latest' ? 'latest' : 'earliest';
}

/** The end is one of the whole group: other members may read what is before it. */
async function endOf(reading: Reading, consumer: Consumer): Promise<ReadEnd> {
  const { partitionDescriptions } = reading.topic;
  const committed = new Map(
    (await committedPositions(reading, consumer)).map((one) => [one.partition, one.position]),
  );
  return new ReadEnd(
    partitionDescriptions.map(({ partition, logStartOffset, highWatermark }) => ({
      partition,
      position:
        committed.get(partition) ??
        (resetOf(reading) === 'latest' ? highWatermark : logStartOffset),
      highWatermark,
    })),
  );
}

async function printUntil(
  end: ReadEnd | undefined,
  reading: Reading,
  consumer: Consumer,
): Promise<void> {
  const { printer, stop } = reading;
  let left = reading.max;
  while (left > 0 && end?.isReached !== true) {
    const records = await consumer.poll(POLL_MS, { signal: stop });
    await printer.print(records.slice(0, left));
    putBack(records.slice(left), consumer);
    left -= records.length;
    if (records.length > 0) {
      end?.moveTo(records.map(({ partition, offset }) => ({ partition, position: offset + 1 })));
    } else if (end !== undefined) {
      end.moveTo(await committedPositions(reading, consumer));
    }
  }
}

/** What is not printed is not committed either. */
function putBack(records: readonly ConsumerRecord[], consumer: Consumer): void {
  const owned = new Set(consumer.assignment().map(({ partition }) => partition));
  for (const { topic, partition, offset } of records.toReversed()) {
    if (owned.has(partition)) consumer.seek({ topic, partition }, offset);
  }
}

/** Where the group has committed anything. */
async function committedPositions(
  { topic, stop }: Reading,
  consumer: Consumer,
): Promise<PartitionPosition[]> {
  const partitions = topic.partitionDescriptions.map(
    ({ partition }): PartitionName => ({ topic: topic.name, partition }),
  );
  const committed = await consumer.committed(partitions, { signal: stop });
  return committed.flatMap((one) =>
    one === undefined ? [] : [{ partition: one.partition, position: one.offset }],
  );
}
