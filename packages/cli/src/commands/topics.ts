import {
  type Admin,
  connectAdmin,
  type PartitionDescription,
  StreamError,
  type TopicDescription,
  type TopicDurability,
  type TopicListing,
  type TopicSettings,
} from '@streamhouse/client/mod.ts';
import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { collectPair, parseBytes, parsePartitionCount, parseRetention } from '../options.ts';
import {
  formatBytes,
  formatCount,
  formatRetention,
  formatTime,
  printRows,
  renderValue,
} from '../output/format.ts';
import { type Column, renderTable } from '../output/table.ts';
import { connectOptions, outputOption } from './global.ts';

interface SettingsOptions {
  readonly partitions?: number;
  readonly retention?: number;
  readonly retentionBytes?: number;
  readonly durability?: TopicDurability;
  readonly pool?: string;
  readonly config?: readonly (readonly [string, string])[];
}

const TOPIC_COLUMNS: readonly Column<TopicListing>[] = [
  { title: 'NAME', cell: (topic) => topic.name },
  { title: 'PARTITIONS', cell: (topic) => topic.partitions, align: 'right' },
  { title: 'RETENTION', cell: (topic) => formatRetention(topic.retentionMs), align: 'right' },
  { title: 'MAX BYTES', cell: (topic) => formatBytes(topic.retentionBytes), align: 'right' },
  { title: 'DURABILITY', cell: (topic) => topic.durability },
  { title: 'POOL', cell: (topic) => topic.pool },
  { title: 'CREATED', cell: (topic) => formatTime(topic.createdAtMs) },
  {
    title: 'RESOURCE',
    cell: ({ resource }) =>
      resource === undefined ? '-' : `${resource.namespace}/${resource.name}`,
  },
];

const PARTITION_COLUMNS: readonly Column<PartitionDescription>[] = [
  { title: 'PARTITION', cell: (each) => each.partition, align: 'right' },
  { title: 'START', cell: (each) => formatCount(each.logStartOffset), align: 'right' },
  { title: 'END', cell: (each) => formatCount(each.highWatermark), align: 'right' },
  {
    title: 'RECORDS',
    cell: (each) => formatCount(each.highWatermark - each.logStartOffset),
    align: 'right',
  },
  { title: 'BYTES', cell: (each) => formatBytes(each.bytes), align: 'right' },
  { title: 'HOLDER', cell: (each) => each.holder ?? '-' },
  { title: 'EPOCH', cell: (each) => each.epoch, align: 'right' },
];

const LIST_EXAMPLES = `
Examples:
  streamhouse topics list
  streamhouse topics list --output json`;
const CREATE_EXAMPLES = `
Examples:
  streamhouse topics create orders --partitions 12
  streamhouse topics create logs --retention 3d --retention-bytes 10GiB --if-not-exists`;
const DESCRIBE_EXAMPLES = `
Examples:
  streamhouse topics describe orders
  streamhouse topics describe orders --output yaml`;
const ALTER_EXAMPLES = `
Examples:
  streamhouse topics alter orders --partitions 24
  streamhouse topics alter orders --retention forever`;
const DELETE_EXAMPLES = `
Examples:
  streamhouse topics delete orders
  streamhouse topics delete orders --if-exists`;

export function addTopicsCommand(program: Command, context: CliContext): void {
  const topics = program.command('topics').description('make, show, change and delete topics');
  topics
    .command('list')
    .description('list all topics')
    .addHelpText('after', LIST_EXAMPLES)
    .action((_options: object, command: Command) => list(command, context));
  withSettings(topics.command('create'))
    .description('create a topic')
    .argument('<name>', 'letters, digits, ".", "_" and "-"')
    .option('--if-not-exists', 'do nothing when the topic is there already')
    .addHelpText('after', CREATE_EXAMPLES)
    .action((name: string, options: CreateOptions, command: Command) =>
      create(name, options, command, context),
    );
  topics
    .command('describe')
    .description('show a topic and its partitions')
    .argument('<name>')
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action((name: string, _options: object, command: Command) => describe(name, command, context));
  withSettings(topics.command('alter'))
    .description('change what is given; partitions only grow')
    .argument('<name>')
    .addHelpText('after', ALTER_EXAMPLES)
    .action((name: string, options: SettingsOptions, command: Command) =>
      alter(name, options, command, context),
    );
  topics
    .command('delete')
    .description('delete a topic with all its records')
    .argument('<name>')
    .option('--if-exists', 'do nothing when the topic is not there')
    .addHelpText('after', DELETE_EXAMPLES)
    .action((name: string, options: { readonly ifExists?: boolean }, command: Command) =>
      remove(name, options.ifExists === true, command, context),
    );
}

function withSettings(command: Command): Command {
  return command
    .option('--partitions <count>', 'number of partitions (default at creation: 1)', (text) =>
      parsePartitionCount(text),
    )
    .option(
      '--retention <time>',
      'how long records are kept: 90s, 12h, 7d, forever',
      parseRetention,
    )
    .option('--retention-bytes <size>', 'bytes kept per partition: 10GiB, unlimited', parseBytes)
    .addOption(
      new Option('--durability <level>', 'when records are acknowledged').choices([
        'object',
        'memory',
      ]),
    )
    .option('--pool <name>', 'agents that may hold its partitions')
    .option('--config <name=value>', 'a further setting; may be given more than once', collectPair);
}

function settingsOf(options: SettingsOptions): TopicSettings {
  const { partitions, retention, retentionBytes, durability, pool, config } = options;
  return {
    ...(partitions === undefined ? {} : { partitions }),
    ...(retention === undefined ? {} : { retentionMs: retention }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
    ...(durability === undefined ? {} : { durability }),
    ...(pool === undefined ? {} : { pool }),
    ...(config === undefined ? {} : { config: Object.fromEntries(config) }),
  };
}

interface CreateOptions extends SettingsOptions {
  readonly ifNotExists?: boolean;
}

async function list(command: Command, context: CliContext): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const topics = await admin.listTopics({ signal: context.interrupted });
  await printRows(context, outputOption(command) ?? 'table', TOPIC_COLUMNS, topics);
}

async function create(
  name: string,
  options: CreateOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const wait = { signal: context.interrupted };
  let isNew = true;
  const topic = await admin
    .createTopic({ name, ...settingsOf(options) }, wait)
    .catch((error: unknown) => {
      const isThere = error instanceof StreamError && error.kind === 'alreadyExists';
      if (!isThere || options.ifNotExists !== true) throw error;
      isNew = false;
      return admin.describeTopic(name, wait);
    });
  await printTopic(topic, isNew ? 'created' : 'is there already:', command, context);
}

async function alter(
  name: string,
  options: SettingsOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const settings = settingsOf(options);
  if (Object.keys(settings).length === 0) {
    throw new CommandError(
      EXIT.usage,
      'nothing to change is given; see "streamhouse topics alter --help"',
    );
  }
  await using admin = await connectAdmin(connectOptions(command, context));
  const topic = await admin.alterTopic(name, settings, { signal: context.interrupted });
  await printTopic(topic, 'altered', command, context);
}

async function printTopic(
  topic: TopicListing,
  done: string,
  command: Command,
  context: CliContext,
): Promise<void> {
  const format = outputOption(command);
  if (format === 'json' || format === 'yaml') {
    await context.stdout.writeText(renderValue(format, topic));
    return;
  }
  const partitions = `${topic.partitions} ${topic.partitions === 1 ? 'partition' : 'partitions'}`;
  const retention = formatRetention(topic.retentionMs);
  await context.stdout.writeText(
    `topic ${topic.name} ${done} ${partitions}, retention ${retention}, durability ${topic.durability}\n`,
  );
}

async function describe(name: string, command: Command, context: CliContext): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const topic = await admin.describeTopic(name, { signal: context.interrupted });
  const format = outputOption(command) ?? 'table';
  await context.stdout.writeText(
    format === 'table' ? descriptionTable(topic) : renderValue(format, topic),
  );
}

function descriptionTable(topic: TopicDescription): string {
  const config = Object.entries(topic.config).map(([name, value]) => `  ${name} = ${value}\n`);
  return [
    renderTable(TOPIC_COLUMNS, [topic]),
    config.length === 0 ? '' : `\nconfig\n${config.join('')}`,
    '\n',
    renderTable(PARTITION_COLUMNS, topic.partitionDescriptions),
  ].join('');
}

async function remove(
  name: string,
  isMissingFine: boolean,
  command: Command,
  context: CliContext,
): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const isDeleted = await deleteTopic(admin, name, isMissingFine, context);
  const format = outputOption(command);
  await context.stdout.writeText(
    format === 'json' || format === 'yaml'
      ? renderValue(format, { name, isDeleted })
      : `topic ${name} ${isDeleted ? 'deleted' : 'is not there'}\n`,
  );
}

async function deleteTopic(
  admin: Admin,
  name: string,
  isMissingFine: boolean,
  context: CliContext,
): Promise<boolean> {
  try {
    await admin.deleteTopic(name, { signal: context.interrupted });
    return true;
  } catch (error) {
    if (isMissingFine && error instanceof StreamError && error.kind === 'notFound') return false;
    throw error;
  }
}
