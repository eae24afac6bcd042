/** `groups reset`: sets what a group reads next, once its user has seen what that changes. */
import {
  type Admin,
  connectAdmin,
  type GroupReset,
  type GroupResetResult,
  type OffsetChange,
  type OffsetTarget,
} from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { formatCount, renderValue } from '../output/format.ts';
import { type Column, renderTable } from '../output/table.ts';
import { connectOptions, outputOption } from './global.ts';
import { requirePartition } from './partition.ts';

export interface ResetOptions {
  readonly to: OffsetTarget;
  readonly topic?: readonly string[];
  readonly partition?: readonly number[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const CHANGE_COLUMNS: readonly Column<OffsetChange>[] = [
  { title: 'TOPIC', cell: (change) => change.topic },
  { title: 'PARTITION', cell: (change) => change.partition, align: 'right' },
  {
    title: 'BEFORE',
    cell: ({ before }) => (before === undefined ? '-' : formatCount(before)),
    align: 'right',
  },
  { title: 'AFTER', cell: ({ after }) => formatCount(after), align: 'right' },
  { title: 'CHANGE', cell: changeText, align: 'right' },
];

export async function resetGroup(
  groupId: string,
  options: ResetOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const { dryRun = false, yes = false } = options;
  const isAsking = !dryRun && !yes;
  if (isAsking && context.stdin.isTTY !== true) {
    throw new CommandError(
      EXIT.usage,
      'nobody is there to be asked; add --yes, or --dry-run to see the changes first',
    );
  }
  const scope = scopeOf(options);
  await using admin = await connectAdmin(connectOptions(command, context));
  const wait = { signal: context.interrupted };
  await checkPartitions(scope.partitions ?? [], admin, context);
  const reset: GroupReset = { groupId, to: options.to, ...scope };
  const plan = await admin.resetOffsets({ ...reset, dryRun: true }, wait);
  const isChange = !dryRun && plan.changes.length > 0;
  if (isChange && isAsking) {
    await context.stderr.writeText(changesText(plan, 'would be '));
    await confirm(`reset group ${groupId}?`, context);
  }
  const result = isChange ? await admin.resetOffsets(reset, wait) : plan;
  const format = outputOption(command) ?? 'table';
  await context.stdout.writeText(
    format === 'table'
      ? resultText(groupId, result, dryRun)
      : renderValue(format, { groupId, isDryRun: dryRun, ...result }),
  );
}

function scopeOf({
  topic: topics,
  partition,
}: ResetOptions): Pick<GroupReset, 'topics' | 'partitions'> {
  if (partition === undefined) return topics === undefined ? {} : { topics };
  const [topic, ...others] = topics ?? [];
  if (topic === undefined || others.length > 0) {
    throw new CommandError(EXIT.usage, '--partition is one of a topic; add one --topic');
  }
  return { partitions: [...new Set(partition)].map((each) => ({ topic, partition: each })) };
}

async function checkPartitions(
  places: NonNullable<GroupReset['partitions']>,
  admin: Admin,
  context: CliContext,
): Promise<void> {
  const [first] = places;
  if (first === undefined) return;
  const { partitions } = await admin.describeTopic(first.topic, { signal: context.interrupted });
  for (const { topic, partition } of places) requirePartition(topic, partition, partitions);
}

function resultText(groupId: string, result: GroupResetResult, isDryRun: boolean): string {
  if (result.changes.length === 0) return `group ${groupId} has committed nothing to start from\n`;
  return isDryRun
    ? `${changesText(result, 'would be ')}dry run: nothing is changed\n`
    : `${changesText(result, '')}group ${groupId} reset\n`;
}

function changesText({ changes, expelled }: GroupResetResult, verb: string): string {
  const table = renderTable(CHANGE_COLUMNS, changes);
  if (expelled === 0) return table;
  return `${table}${expelled} live ${expelled === 1 ? 'member' : 'members'} ${verb}expelled\n`;
}

/** How many records are read again (-) or passed over (+). */
function changeText({ before, after }: OffsetChange): string {
  if (before === undefined) return '-';
  return after > before ? `+${formatCount(after - before)}` : formatCount(after - before);
}
