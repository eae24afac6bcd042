/** `groups describe`: who is in a group, what each member owns, and how far the group is behind. */
import {
  type Admin,
  connectAdmin,
  type GroupDescription,
  type GroupMemberDescription,
  type PartitionName,
} from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { formatCount, formatSeconds, renderValue } from '../output/format.ts';
import { type Column, renderTable } from '../output/table.ts';
import { connectOptions, outputOption } from './global.ts';

/** A partition that the group has committed, or a member owns. */
interface GroupPartition extends PartitionName {
  /** Undefined: nothing is committed, and so it is not known how far the group is behind. */
  readonly committedOffset: number | undefined;
  readonly highWatermark: number;
  /** Records. */
  readonly lag: number | undefined;
  readonly lagSeconds: number | undefined;
  /** Undefined: nobody owns it. */
  readonly memberId: string | undefined;
}

interface DescribedGroup extends Omit<GroupDescription, 'offsets'> {
  /** Records over all partitions. */
  readonly lag: number;
  /** Of the partition that is furthest behind in time. */
  readonly lagSeconds: number;
  readonly partitionDescriptions: readonly GroupPartition[];
}

const GROUP_COLUMNS: readonly Column<DescribedGroup>[] = [
  { title: 'GROUP', cell: (group) => group.groupId },
  { title: 'STATE', cell: (group) => group.state },
  { title: 'GENERATION', cell: (group) => group.generation, align: 'right' },
  { title: 'ASSIGNOR', cell: (group) => group.assignor ?? '-' },
  { title: 'COORDINATOR', cell: (group) => group.coordinator ?? '-' },
  { title: 'LAG', cell: (group) => formatCount(group.lag), align: 'right' },
  { title: 'LAG SECONDS', cell: (group) => formatSeconds(group.lagSeconds), align: 'right' },
];

const MEMBER_COLUMNS: readonly Column<GroupMemberDescription>[] = [
  { title: 'MEMBER', cell: (member) => member.memberId },
  { title: 'INSTANCE', cell: (member) => member.groupInstanceId ?? '-' },
  { title: 'CLIENT', cell: (member) => member.clientId },
  { title: 'HOST', cell: (member) => member.clientHost },
  { title: 'PARTITIONS', cell: (member) => member.partitions.length, align: 'right' },
  { title: 'ASSIGNMENT', cell: (member) => assignmentText(member.partitions) },
];

const PARTITION_COLUMNS: readonly Column<GroupPartition>[] = [
  { title: 'TOPIC', cell: (each) => each.topic },
  { title: 'PARTITION', cell: (each) => each.partition, align: 'right' },
  { title: 'COMMITTED', cell: (each) => orDash(each.committedOffset, formatCount), align: 'right' },
  { title: 'END', cell: (each) => formatCount(each.highWatermark), align: 'right' },
  { title: 'LAG', cell: (each) => orDash(each.lag, formatCount), align: 'right' },
  { title: 'LAG SECONDS', cell: (each) => orDash(each.lagSeconds, formatSeconds), align: 'right' },
  { title: 'MEMBER', cell: (each) => each.memberId ?? '-' },
];

export async function describeGroup(
  groupId: string,
  command: Command,
  context: CliContext,
): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const group = await gather(groupId, admin, context.interrupted);
  const format = outputOption(command) ?? 'table';
  await context.stdout.writeText(
    format === 'table' ? descriptionTable(group) : renderValue(format, group),
  );
}

async function gather(groupId: string, admin: Admin, signal: AbortSignal): Promise<DescribedGroup> {
  const { offsets: _, ...group } = await admin.describeGroup(groupId, { signal });
  const { total, lagSeconds, partitions } = await admin.groupLag(groupId, { signal });
  const owners = new Map(
    group.memberDescriptions.flatMap((member) =>
      member.partitions.map((place) => [keyOf(place), member.memberId]),
    ),
  );
  const committed = partitions.map(
    ({ topic, partition, position, ...lag }): GroupPartition => ({
      topic,
      partition,
      committedOffset: position,
      ...lag,
      memberId: owners.get(keyOf({ topic, partition })),
    }),
  );
  const known = new Set(committed.map(keyOf));
  const fresh = group.memberDescriptions.flatMap((member) =>
    member.partitions
      .filter((place) => !known.has(keyOf(place)))
      .map((place) => ({ ...place, memberId: member.memberId })),
  );
  const partitionDescriptions = [...committed, ...(await uncommitted(fresh, admin, signal))];
  return {
    ...group,
    lag: total,
    lagSeconds,
    partitionDescriptions: partitionDescriptions.toSorted(
      (a, b) => compare(a.topic, b.topic) || a.partition - b.partition,
    ),
  };
}

/** Partitions that have an owner and no offset yet. */
async function uncommitted(
  places: readonly (PartitionName & { readonly memberId: string })[],
  admin: Admin,
  signal: AbortSignal,
): Promise<GroupPartition[]> {
  const ends = new Map<string, number>();
  for (const topic of new Set(places.map((place) => place.topic))) {
    const { partitionDescriptions } = await admin.describeTopic(topic, { signal });
    for (const { partition, highWatermark } of partitionDescriptions) {
      ends.set(keyOf({ topic, partition }), highWatermark);
    }
  }
  return places.map(({ memberId, ...place }) => ({
    ...place,
    committedOffset: undefined,
    highWatermark: ends.get(keyOf(place)) ?? 0,
    lag: undefined,
    lagSeconds: undefined,
    memberId,
  }));
}

function descriptionTable(group: DescribedGroup): string {
  const { memberDescriptions: members, partitionDescriptions: partitions } = group;
  return [
    renderTable(GROUP_COLUMNS, [group]),
    members.length === 0 ? '' : `\n${renderTable(MEMBER_COLUMNS, members)}`,
    partitions.length === 0 ? '' : `\n${renderTable(PARTITION_COLUMNS, partitions)}`,
  ].join('');
}

/** `orders 0-2,5 payments 1`: runs of neighbours are drawn together. */
export function assignmentText(partitions: readonly PartitionName[]): string {
  if (partitions.length === 0) return '-';
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return [...byTopic]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([topic, places]) => `${topic} ${ranges(places.map(({ partition }) => partition))}`)
    .join(' ');
}

function ranges(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join();
}

function orDash(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? '-' : format(value);
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
