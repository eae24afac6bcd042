import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  type Compression,
  connectAdmin,
  connectProducer,
  type ProducerDurability,
} from '@streamhouse/client/mod.ts';
import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { Delivery, type DeliveryCounts } from '../delivery.ts';
import { CommandError, describeError, EXIT, exitCodeOf } from '../exit-code.ts';
import { type RecordFormat, RecordSource } from '../input/record-source.ts';
import { InputError } from '../input/splitter.ts';
import { collectPair, parsePartition, parseSeparator } from '../options.ts';
import { formatBytes, formatCount, renderValue } from '../output/format.ts';
import { Progress } from '../output/progress.ts';
import { connectOptions, outputOption } from './global.ts';
import { requirePartition } from './partition.ts';

interface ProduceOptions {
  readonly file?: string;
  readonly json?: boolean;
  readonly jsonLines?: boolean;
  readonly keySeparator?: string;
  readonly keyField?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly headersField?: string;
  readonly partition?: number;
  readonly compression?: Compression;
  readonly durability?: ProducerDurability;
}

const FILE_CHUNK_BYTES = 262_144;

const NOTES = `
Without --json each line is one record. Lines are bytes: what is not UTF-8 arrives as it is, and so does a carriage
return before the line feed. With --json each element of a JSON array, or each line, is one record, whose value is the JSON
text as it stands in the input. Records are sent in the order of the input; the first one that is not acknowledged ends
the command, which tells how many are acknowledged, unknown (they may have been written) and failed.
Ctrl-C stops reading, waits for what was sent, tells how many that were and exits with 130.

Examples:
  echo hello | streamhouse produce greetings
  printf 'user-7:tea\\nuser-9:milk\\n' | streamhouse produce orders --key-separator :
  streamhouse produce flights --file flights-200k.json --json --key-field distance
  streamhouse produce audit --file audit.jsonl --json --headers source=web --headers-field meta`;

export function addProduceCommand(program: Command, context: CliContext): void {
  program
    .command('produce')
    .description('send records from a file or the standard input')
    .argument('<topic>')
    .option('--file <path>', 'read from a file instead of the standard input')
    .option('--json', 'the input is one JSON array or JSON lines; each element is a record')
    .option('--json-lines', 'as --json, and a line that begins with "[" is one record')
    .option(
      '--key-separator <text>',
      'what stands between key and value; \\t is a tab',
      parseSeparator,
    )
    .option('--key-field <name>', 'with --json: the field that is the key')
    .option(
      '--headers <name=value>',
      'a header of every record; may be given more than once',
      collectPair,
    )
    .option('--headers-field <name>', 'with --json: the field whose names and values are headers')
    .option('--partition <number>', 'send to this partition, whatever the key', parsePartition)
    .addOption(
      new Option('--compression <codec>', 'how batches are compressed (default: "lz4")').choices([
        'none',
        'gzip',
        'snappy',
        'lz4',
        'zstd',
      ]),
    )
    .addOption(
      new Option(
        '--durability <level>',
        'what an acknowledgement promises (default: "topic")',
      ).choices(['topic', 'object', 'memory']),
    )
    .addHelpText('after', NOTES)
    .action((topic: string, options: ProduceOptions, command: Command) =>
      produce(topic, options, command, context),
    );
}

interface Input extends Disposable {
  readonly stream: Readable;
  readonly bytesTotal: number | undefined;
}

async function produce(
  topic: string,
  options: ProduceOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const source = new RecordSource(formatOf(options));
  using input = await openInput(options.file, context);
  const connect = connectOptions(command, context);
  await requireTopic(topic, options.partition, connect, context);
  await using producer = await connectProducer({
    ...connect,
    ...(options.compression === undefined ? {} : { compression: options.compression }),
    ...(options.durability === undefined ? {} : { durability: options.durability }),
  });
  const delivery = new Delivery(producer, topic);
  using progress = new Progress(context.progressStream, input.bytesTotal, context.clock);
  const { inputBytes, fault } = await sendAll(input.stream, source, delivery, progress, context);
  await producer.flush();
  const elapsedMs = progress.elapsedMs();
  progress[Symbol.dispose]();
  const failure = failureOf(delivery, fault, context);
  const result = { counts: delivery.counts, inputBytes, elapsedMs, isDone: failure === undefined };
  await report(topic, result, command, context);
  if (failure !== undefined) throw failure;
}

function formatOf(options: ProduceOptions): RecordFormat {
  const isJson = options.json === true || options.jsonLines === true;
  if (isJson && options.keySeparator !== undefined) {
    throw new CommandError(EXIT.usage, '--key-separator is for lines; with --json use --key-field');
  }
  if (!isJson && (options.keyField ?? options.headersField) !== undefined) {
    throw new CommandError(EXIT.usage, '--key-field and --headers-field need --json; add it');
  }
  return {
    shape: options.jsonLines === true ? 'json-lines' : isJson ? 'json' : 'lines',
    keySeparator: options.keySeparator,
    keyField: options.keyField,
    headersField: options.headersField,
    headers: (options.headers ?? []).map(([name, value]) => ({ name, value })),
    partition: options.partition,
  };
}

async function openInput(path: string | undefined, context: CliContext): Promise<Input> {
  if (path === undefined) {
    if (context.stdin.isTTY === true) {
      await context.stderr.writeText('one record per line; end with Ctrl-D\n');
    }
    return inputOf(context.stdin, undefined);
  }
  try {
    const file = await open(path);
    const { size } = await file.stat();
    // A pipe or a device has no size.
    const bytesTotal = size === 0 ? undefined : size;
    return inputOf(file.createReadStream({ highWaterMark: FILE_CHUNK_BYTES }), bytesTotal);
  } catch (error) {
    throw readFault(error);
  }
}

function inputOf(stream: Readable, bytesTotal: number | undefined): Input {
  return { stream, bytesTotal, [Symbol.dispose]: () => void stream.destroy() };
}

/** Fails at once and clearly where the first record would fail late. */
async function requireTopic(
  topic: string,
  partition: number | undefined,
  connect: ReturnType<typeof connectOptions>,
  context: CliContext,
): Promise<void> {
  await using admin = await connectAdmin(connect);
  const { partitions } = await admin.describeTopic(topic, { signal: context.interrupted });
  if (partition !== undefined) requirePartition(topic, partition, partitions);
}

/** Reads until the input ends, is at fault, a record fails or Ctrl-C comes. What was sent by then is in flight or settled. */
async function sendAll(
  stream: Readable,
  source: RecordSource,
  delivery: Delivery,
  progress: Progress,
  context: CliContext,
): Promise<{ readonly inputBytes: number; readonly fault: unknown }> {
  const stop = AbortSignal.any([context.interrupted, delivery.stopped]);
  let inputBytes = 0;
  try {
    for await (const chunk of addAbortSignal(stop, stream) as AsyncIterable<Buffer>) {
      inputBytes += chunk.length;
      await sendEach(source.push(chunk), delivery, stop);
      progress.update(delivery.counts.acknowledged, inputBytes);
    }
    await sendEach(source.end(), delivery, stop);
    return { inputBytes, fault: undefined };
  } catch (error) {
    return { inputBytes, fault: stop.aborted ? undefined : error };
  }
}

async function sendEach(
  records: ReturnType<RecordSource['push']>,
  delivery: Delivery,
  stop: AbortSignal,
): Promise<void> {
  for (const record of records) {
    if (stop.aborted) return;
    delivery.send(record);
    if (!delivery.hasRoom) await delivery.room();
  }
}

interface Result {
  readonly counts: DeliveryCounts;
  /** Bytes that were read, not all of them sent when the command failed. */
  readonly inputBytes: number;
  readonly elapsedMs: number;
  readonly isDone: boolean;
}

/** A program always gets the figures; people get them when all went well, else they stand in the error. */

async function report(
  topic: string,
  { counts, inputBytes, elapsedMs, isDone }: Result,
  command: Command,
  context: CliContext,
): Promise<void> {
  const seconds = elapsedMs / 1_000;
  const recordsPerSecond = seconds === 0 ? 0 : Math.round(counts.acknowledged / seconds);
  const format = outputOption(command);
  if (format === 'json' || format === 'yaml') {
    const summary = { topic, ...counts, inputBytes, seconds, recordsPerSecond };
    await context.stdout.writeText(renderValue(format, summary));
  } else if (isDone) {
    await context.stderr.writeText(
      `${records(counts.acknowledged)} (${formatBytes(inputBytes)}) acknowledged by ${topic} in ${seconds.toFixed(1)} s, ${formatCount(recordsPerSecond)} records/s\n`,
    );
  }
}

/** Undefined when the whole input was acknowledged. */
function failureOf(
  delivery: Delivery,
  fault: unknown,
  context: CliContext,
): CommandError | undefined {
  const { acknowledged, unknown, failed } = delivery.counts;
  const counts = `${records(acknowledged)} acknowledged, ${unknown} unknown, ${failed} failed`;
  if (delivery.failure !== undefined) {
    const cause = describeError(delivery.failure);
    return new CommandError(exitCodeOf(delivery.failure), `${counts}: ${cause}`);
  }
  if (fault !== undefined) {
    const cause = fault instanceof InputError ? fault.message : readFault(fault).message;
    return new CommandError(
      EXIT.failed,
      `${cause}; acknowledged before it: ${records(acknowledged)}; correct the input and go on from there`,
    );
  }
  if (context.interrupted.aborted) {
    return new CommandError(EXIT.interrupted, `interrupted; ${counts}`);
  }
  return undefined;
}

function readFault(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT.failed, `cannot read the input: ${message}; check the path`, {
    cause: error,
  });
}

function records(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'record' : 'records'}`;
}
