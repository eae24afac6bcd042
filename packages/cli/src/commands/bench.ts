import { randomBytes } from 'node:crypto';
import {
  type Compression,
  connectAdmin,
  connectConsumer,
  connectProducer,
  type ProducerDurability,
  type RecordInput,
} from '@streamhouse/client/mod.ts';
import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { parseInteger, parsePartition } from '../options.ts';
import { formatCount, renderValue } from '../output/format.ts';
import { renderTable } from '../output/table.ts';
import { type Spread, spreadOf, WindowMeter } from '../window-meter.ts';
import { connectOptions, outputOption } from './global.ts';
import { requirePartition } from './partition.ts';

interface BenchOptions {
  readonly seconds: number;
  readonly warmup: number;
  readonly json?: boolean;
  readonly partition?: number;
}

interface BenchProduceOptions extends BenchOptions {
  readonly size: number;
  readonly compression: Compression;
  readonly durability: ProducerDurability;
}

const WINDOW_MS = 1_000;
const SECONDS_MAX = 3_600;
const RECORD_BYTES_MAX = 1_000_000;
/** Records of one `sendBatch`, and bytes of all that wait for their acknowledgement. */
const BATCH_RECORDS = 500;
const IN_FLIGHT_BYTES = 16_777_216;
const POLL_RECORDS_MAX = 10_000;
const POLL_MS = 500;
const MIB = 1_048_576;

const PRODUCE_NOTES = `
Writes records of random bytes to a topic that is there, so choose one made for it. Prints the least, middle and greatest rate of
all windows of one second, after the warm-up.

Examples:
  streamhouse topics create bench --partitions 24 --retention 1h
  streamhouse bench produce bench --size 1024 --seconds 30
  streamhouse bench produce bench --compression zstd --json`;
const CONSUME_NOTES = `
Reads a topic from its beginning, and again from there when it comes to the end. Prints the least, middle and greatest rate
of all windows of one second, after the warm-up.

Examples:
  streamhouse bench consume bench
  streamhouse bench consume bench --partition 0 --seconds 30 --json`;

export function addBenchCommand(program: Command, context: CliContext): void {
  const bench = program.command('bench').description('measure the throughput of a running cluster');
  withDuration(bench.command('produce'))
    .description('write records as fast as they are acknowledged')
    .option('--size <bytes>', 'bytes of each value', sizeOption, 100)
    .addOption(
      new Option('--compression <codec>', 'how batches are compressed')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('lz4'),
    )
    .addOption(
      new Option('--durability <level>', 'what an acknowledgement promises')
        .choices(['topic', 'object', 'memory'])
        .default('topic'),
    )
    .addHelpText('after', PRODUCE_NOTES)
    .action((topic: string, options: BenchProduceOptions, command: Command) =>
      benchProduce(topic, options, command, context),
    );
  withDuration(bench.command('consume'))
    .description('read records as fast as they come')
    .addHelpText('after', CONSUME_NOTES)
    .action((topic: string, options: BenchOptions, command: Command) =>
      benchConsume(topic, options, command, context),
    );
}

function withDuration(command: Command): Command {
  return command
    .argument('<topic>')
    .option('--seconds <count>', 'how long to measure', secondsOption, 10)
    .option('--warmup <count>', 'seconds before measuring', warmupOption, 2)
    .option('--partition <number>', 'one partition instead of all', parsePartition)
    .option('--json', 'the same as --output json');
}

const secondsOption = (text: string): number => parseInteger(text, 1, SECONDS_MAX);
const warmupOption = (text: string): number => parseInteger(text, 0, SECONDS_MAX);
const sizeOption = (text: string): number => parseInteger(text, 1, RECORD_BYTES_MAX);

async function benchProduce(
  topic: string,
  options: BenchProduceOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  await partitionsOf(topic, options.partition, command, context);
  await using producer = await connectProducer({
    ...connectOptions(command, context),
    compression: options.compression,
    durability: options.durability,
  });
  const batch = randomBatch(options.size, options.partition);
  const batchesInFlight = Math.max(1, Math.floor(IN_FLIGHT_BYTES / (batch.length * options.size)));
  const measurement = new Measurement(options, context);
  const sender = async (): Promise<void> => {
    while (!measurement.isOver) {
      await producer.sendBatch(topic, batch);
      measurement.add(batch.length, batch.length * options.size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(64, batchesInFlight) }, sender));
  await printResult('produce', topic, measurement, options, command, context);
}

async function benchConsume(
  topic: string,
  options: BenchOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const partitions = await partitionsOf(topic, options.partition, command, context);
  await using consumer = await connectConsumer({
    ...connectOptions(command, context),
    autoOffsetReset: 'earliest',
    maxPollRecords: POLL_RECORDS_MAX,
  });
  await consumer.assign(partitions.map((partition) => ({ topic, partition })));
  const measurement = new Measurement(options, context);
  let sinceStart = 0;
  while (!measurement.isOver) {
    const records = await consumer.poll(POLL_MS);
    sinceStart += records.length;
    measurement.add(
      records.length,
      records.reduce((bytes, { value }) => bytes + (value?.length ?? 0), 0),
    );
    if (records.length > 0) continue;
    if (sinceStart === 0) {
      throw new CommandError(
        EXIT.failed,
        `topic ${topic} has no records to read; write some with "streamhouse bench produce ${topic}"`,
      );
    }
    await consumer.seekToBeginning();
  }
  await printResult('consume', topic, measurement, options, command, context);
}

/** The partitions to use: all of the topic, or the one that was asked for. */
async function partitionsOf(
  topic: string,
  only: number | undefined,
  command: Command,
  context: CliContext,
): Promise<number[]> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const { partitions } = await admin.describeTopic(topic, { signal: context.interrupted });
  if (only === undefined) return Array.from({ length: partitions }, (_, index) => index);
  requirePartition(topic, only, partitions);
  return [only];
}

/** Random, so that no compression makes the figure better than data that does not compress would. */
function randomBatch(size: number, partition: number | undefined): RecordInput[] {
  const count = Math.max(1, Math.min(BATCH_RECORDS, Math.floor(MIB / size)));
  return Array.from({ length: count }, () => ({
    value: randomBytes(size),
    ...(partition === undefined ? {} : { partition }),
  }));
}

/** Takes counts once the warm-up is over, until the time is over or Ctrl-C comes. */
class Measurement {
  readonly #context: CliContext;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly records: WindowMeter;
  readonly bytes: WindowMeter;

  constructor(options: BenchOptions, context: CliContext) {
    this.#context = context;
    this.#fromMs = context.clock.monotonicMs() + options.warmup * 1_000;
    this.#untilMs = this.#fromMs + options.seconds * 1_000;
    this.records = new WindowMeter(WINDOW_MS, this.#fromMs);
    this.bytes = new WindowMeter(WINDOW_MS, this.#fromMs);
  }

  get isOver(): boolean {
    return this.nowMs >= this.#untilMs || this.#context.interrupted.aborted;
  }

  get nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  add(records: number, bytes: number): void {
    const nowMs = this.nowMs;
    if (nowMs < this.#fromMs) return;
    this.records.add(records, nowMs);
    this.bytes.add(bytes, nowMs);
  }
}

async function printResult(
  what: 'produce' | 'consume',
  topic: string,
  measurement: Measurement,
  options: BenchOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const nowMs = measurement.nowMs;
  const rates = measurement.records.rates(nowMs);
  const recordsPerSecond = spreadOf(rates);
  const mibPerSecond = spreadOf(measurement.bytes.rates(nowMs).map((rate) => rate / MIB));
  const format = options.json === true ? 'json' : (outputOption(command) ?? 'table');
  const result = {
    bench: what,
    topic,
    records: measurement.records.total,
    windows: rates.length,
    recordsPerSecond,
    mibPerSecond,
  };
  await context.stdout.writeText(
    format === 'table' ? resultTable(recordsPerSecond, mibPerSecond) : renderValue(format, result),
  );
  if (context.interrupted.aborted) {
    throw new CommandError(EXIT.interrupted, `interrupted after ${rates.length} windows`);
  }
}

function resultTable(recordsPerSecond: Spread, mibPerSecond: Spread): string {
  return renderTable(
    [
      { title: 'RATE', cell: (row) => row.name },
      { title: 'MIN', cell: (row) => row.format(row.spread.min), align: 'right' },
      { title: 'MEDIAN', cell: (row) => row.format(row.spread.median), align: 'right' },
      { title: 'MAX', cell: (row) => row.format(row.spread.max), align: 'right' },
    ],
    [
      { name: 'records/s', spread: recordsPerSecond, format: formatCount },
      { name: 'MiB/s', spread: mibPerSecond, format: (rate: number) => rate.toFixed(1) },
    ],
  );
}
