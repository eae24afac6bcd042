import {
  type Admin,
  connectAdmin,
  type GroupListing,
  StreamError,
} from '@streamhouse/client/mod.ts';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { collectPartition, collectText, parseTarget } from '../options.ts';
import { printRows, renderValue } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { connectOptions, outputOption } from './global.ts';
import { describeGroup } from './group-description.ts';
import { type ResetOptions, resetGroup } from './group-reset.ts';

const GROUP_COLUMNS: readonly Column<GroupListing>[] = [
  { title: 'GROUP', cell: (group) => group.groupId },
  { title: 'STATE', cell: (group) => group.state },
  { title: 'MEMBERS', cell: (group) => group.members, align: 'right' },
  { title: 'GENERATION', cell: (group) => group.generation, align: 'right' },
  { title: 'ASSIGNOR', cell: (group) => group.assignor ?? '-' },
];

const LIST_EXAMPLES = `
Examples:
  streamhouse groups list
  streamhouse groups list --output json | jq -r '.[] | select(.state == "empty").groupId'`;
const DESCRIBE_EXAMPLES = `
Examples:
  streamhouse groups describe billing
  streamhouse groups describe billing --output json | jq .lag`;
const RESET_EXAMPLES = `
A target that is not readable becomes the nearest one that is. Members of a group that is alive lose what they have, join
again and go on from there. Without --yes it shows the changes and asks.

Examples:
  streamhouse groups reset billing --to earliest --dry-run
  streamhouse groups reset billing --to 2026-01-31T12:00:00Z --topic orders --yes
  streamhouse groups reset billing --to 1200 --topic orders --partition 3 --yes
  streamhouse groups reset billing --to -100`;
const DELETE_EXAMPLES = `
Examples:
  streamhouse groups delete billing
  streamhouse groups delete billing --if-exists`;

export function addGroupsCommand(program: Command, context: CliContext): void {
  const groups = program
    .command('groups')
    .description('show consumer groups, and change what they read next');
  groups
    .command('list')
    .description('list all consumer groups')
    .addHelpText('after', LIST_EXAMPLES)
    .action((_options: object, command: Command) => list(command, context));
  groups
    .command('describe')
    .description('show the members of a group, what each owns, and how far the group is behind')
    .argument('<group>')
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action((groupId: string, _options: object, command: Command) =>
      describeGroup(groupId, command, context),
    );
  addResetCommand(groups, context);
  groups
    .command('delete')
    .description('forget a group that has no members, with what it has committed')
    .argument('<group>')
    .option('--if-exists', 'do nothing when the group is not there')
    .addHelpText('after', DELETE_EXAMPLES)
    .action((groupId: string, options: { readonly ifExists?: boolean }, command: Command) =>
      remove(groupId, options.ifExists === true, command, context),
    );
}

function addResetCommand(groups: Command, context: CliContext): void {
  groups
    .command('reset')
    .description('set what a group reads next')
    .argument('<group>')
    .requiredOption(
      '--to <target>',
      'earliest, latest, an offset, a time, or +N or -N: so many records after or before what is committed',
      parseTarget,
    )
    .option(
      '--topic <name>',
      'this topic only; may be given more than once (default: all that the group has committed)',
      collectText,
    )
    .option(
      '--partition <number>',
      'this partition of the topic only; may be given more than once',
      collectPartition,
    )
    .option('--dry-run', 'show the changes and make none')
    .option('--yes', 'do not ask')
    .addHelpText('after', RESET_EXAMPLES)
    .action((groupId: string, options: ResetOptions, command: Command) =>
      resetGroup(groupId, options, command, context),
    );
}

async function list(command: Command, context: CliContext): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const groups = await admin.listGroups({ signal: context.interrupted });
  await printRows(context, outputOption(command) ?? 'table', GROUP_COLUMNS, groups);
}

async function remove(
  groupId: string,
  isMissingFine: boolean,
  command: Command,
  context: CliContext,
): Promise<void> {
  await using admin = await connectAdmin(connectOptions(command, context));
  const isDeleted = await deleteGroup(admin, groupId, isMissingFine, context);
  const format = outputOption(command) ?? 'table';
  await context.stdout.writeText(
    format === 'table'
      ? `group ${groupId} ${isDeleted ? 'deleted' : 'is not there'}\n`
      : renderValue(format, { groupId, isDeleted }),
  );
}

async function deleteGroup(
  admin: Admin,
  groupId: string,
  isMissingFine: boolean,
  context: CliContext,
): Promise<boolean> {
  try {
    await admin.deleteGroup(groupId, { signal: context.interrupted });
    return true;
  } catch (error) {
    if (isMissingFine && error instanceof StreamError && error.kind === 'notFound') return false;
    throw error;
  }
}
