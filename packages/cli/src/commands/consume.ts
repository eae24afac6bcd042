import {
  type Consumer,
  type ConsumerRecord,
  connectAdmin,
  connectConsumer,
  type PartitionStart,
  type TopicDescription,
} from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import {
  parseCount,
  parseFrom,
  parsePartition,
  parseSeparator,
  type ReadFrom,
} from '../options.ts';
import { RecordPrinter } from '../output/record-printer.ts';
import type { RecordShape } from '../output/record-writer.ts';
import { ReadEnd } from '../read-end.ts';
import { checkGroupOptions, consumeInGroup } from './consume-group.ts';
import { connectOptions, outputOption } from './global.ts';
import { requirePartition } from './partition.ts';
import { POLL_MS, POLL_RECORDS_MAX, type Reading } from './reading.ts';

interface ConsumeOptions {
  readonly from?: ReadFrom;
  readonly follow?: boolean;
  readonly group?: string;
  readonly max?: number;
  readonly json?: boolean;
  readonly partition?: number;
  readonly keySeparator?: string;
}

const NOTES = `
Prints values, one per line: their bytes as they are into a pipe or a file, with control characters escaped on a terminal.
A tombstone is an empty line. Without --follow it ends where the topic ended when it began to read.
  --json           values that are JSON text as they are, on one line each; other text as a JSON string, other bytes as
                   {"base64":"..."}, a tombstone as null: what "produce --json" took comes out equal
  --output json    one object per line: topic, partition, offset, timestamp, key, value, headers; with --json the value is
                   embedded as JSON instead of as a string. --output yaml and --output table have the same facts
A time for --from is ISO 8601: 2026-01-31 and 2026-01-31T12:00:00Z are UTC, without Z or offset it is local time.
Records of one partition are printed in their order; Ctrl-C ends --follow with 0.

With --group the members of the group share the partitions, and each goes on where the group has committed; --from says
where it begins as long as it has not. Every second, and at the end, the command commits what it has printed. Without
--follow it ends once the group has read what was there when it began. "streamhouse groups" shows and resets groups.

Examples:
  streamhouse consume orders
  streamhouse consume orders --follow --from latest --output table
  streamhouse consume flights --from earliest --json > flights.jsonl
  streamhouse consume orders --partition 3 --from 1200 --max 10 --output json
  streamhouse consume orders --group billing --follow --json`;

export function addConsumeCommand(program: Command, context: CliContext): void {
  program
    .command('consume')
    .description('print the records of a topic')
    .argument('<topic>')
    .option(
      '--from <start>',
      'earliest, latest, an offset or a time (default: earliest, with --follow latest)',
      parseFrom,
    )
    .option('--follow', 'go on with what is produced from now on, until Ctrl-C')
    .option('--group <id>', 'read as a member of this group, and commit what was printed')
    .option('--max <count>', 'end after so many records', parseCount)
    .option('--json', 'print values as JSON, one per line')
    .option('--partition <number>', 'read this partition only', parsePartition)
    .option('--key-separator <text>', 'print the key and this before each value', parseSeparator)
    .addHelpText('after', NOTES)
    .action((topic: string, options: ConsumeOptions, command: Command) =>
      consume(topic, options, command, context),
    );
}

async function consume(
  topic: string,
  options: ConsumeOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const { group, partition, max = Number.POSITIVE_INFINITY } = options;
  const shape = shapeOf(options, command, context);
  if (group !== undefined) checkGroupOptions(partition, options.from);
  const isFollowing = options.follow === true;
  const connect = connectOptions(command, context);
  const reading: Reading = {
    topic: await describeTopic(topic, connect, context),
    connect,
    from: options.from ?? { at: isFollowing ? 'latest' : 'earliest' },
    isFollowing,
    max,
    printer: new RecordPrinter(context.stdout, shape),
    stop: AbortSignal.any([context.interrupted, context.stdout.closed]),
  };
  try {
    if (group === undefined) await consumeAlone(reading, partition);
    else await consumeInGroup(reading, group);
  } catch (error) {
    if (!reading.stop.aborted || error instanceof CommandError) throw error;
    if (context.interrupted.aborted && !isFollowing) {
      throw new CommandError(EXIT.interrupted, 'interrupted before the end of the topic');
    }
  }
}

async function consumeAlone(reading: Reading, partition: number | undefined): Promise<void> {
  const { topic, from, isFollowing, printer, stop } = reading;
  const starts = startsOf(topic, partition, from);
  await using consumer = await connectConsumer({
    ...reading.connect,
    autoOffsetReset: resetOf(from),
    maxPollRecords: POLL_RECORDS_MAX,
  });
  await consumer.assign(starts, { signal: stop });
  if (from.at === 'time') {
    await consumer.seekToTimestamp(from.timestampMs, undefined, { signal: stop });
  }
  const lag = isFollowing ? undefined : await consumer.lag({ signal: stop });
  const end = lag && new ReadEnd(lag.partitions);
  await printer.begin();
  let left = reading.max;
  for await (const records of batchesUpTo(topic.name, consumer, end, stop)) {
    await printer.print(records.slice(0, left));
    left -= records.length;
    if (left <= 0) return;
  }
}

function shapeOf(options: ConsumeOptions, command: Command, context: CliContext): RecordShape {
  const output = outputOption(command);
  const isJson = options.json === true;
  if (options.keySeparator !== undefined && (isJson || output !== undefined)) {
    throw new CommandError(
      EXIT.usage,
      '--key-separator is for plain values; --output json has the key',
    );
  }
  return {
    output,
    isJson,
    keySeparator: options.keySeparator,
    isTerminal: context.stdout.isTerminal,
  };
}

async function describeTopic(
  topic: string,
  connect: ReturnType<typeof connectOptions>,
  context: CliContext,
): Promise<TopicDescription> {
  await using admin = await connectAdmin(connect);
  return await admin.describeTopic(topic, { signal: context.interrupted });
}

/** @throws CommandError with the valid range when the partition or the offset is not there. */
function startsOf(
  { name: topic, partitionDescriptions }: TopicDescription,
  only: number | undefined,
  from: ReadFrom,
): PartitionStart[] {
  const count = partitionDescriptions.length;
  if (only !== undefined) requirePartition(topic, only, count);
  if (from.at === 'offset' && only === undefined && count > 1) {
    throw new CommandError(
      EXIT.usage,
      `an offset means one partition and topic ${topic} has ${count}; add --partition`,
    );
  }
  const read = partitionDescriptions.filter(
    ({ partition }) => only === undefined || partition === only,
  );
  return read.map(({ partition, logStartOffset, highWatermark }) => {
    if (from.at !== 'offset') return { topic, partition };
    if (from.offset < logStartOffset || from.offset > highWatermark) {
      throw new CommandError(
        EXIT.usage,
        `offset ${from.offset} of topic ${topic} partition ${partition} is not readable; choose one of ${logStartOffset}..${highWatermark}`,
      );
    }
    return { topic, partition, offset: from.offset };
  });
}

function resetOf(from: ReadFrom): 'earliest' | 'latest' | 'none' {
  switch (from.at) {
    case 'earliest':
    case 'latest':
      return from.at;
    case 'offset':
      return 'none';
    case 'time':
      // What retention removed meanwhile was older than what is asked for.
      return 'earliest';
  }
}

/** Polls until the end, if there is one. */
async function* batchesUpTo(
  topic: string,
  consumer: Consumer,
  end: ReadEnd | undefined,
  stop: AbortSignal,
): AsyncGenerator<ConsumerRecord[]> {
  while (end?.isReached !== true) {
    const records = await consumer.poll(POLL_MS, { signal: stop });
    if (end === undefined) {
      yield records;
      continue;
    }
    yield records.filter((record) => end.includes(record));
    // A position can pass the end without a record, where retention removed it. And agents that are gone must be noticed.
    if (records.length === 0) end.moveTo((await consumer.lag({ signal: stop })).partitions);
    consumer.pause(end.takeReached().map((partition) => ({ topic, partition })));
  }
}
