import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { renderValue } from '../output/format.ts';
import { renderTable } from '../output/table.ts';
import { type ApiClient, type Fields, isFields } from '../resources/api-client.ts';
import { columnsOf } from '../resources/columns.ts';
import { fullName, type Kind, kindOf, type Target, targetsOf } from '../resources/kinds.ts';
import { apiClient, type ResourceOptions, withResourceOptions } from '../resources/options.ts';
import { outputOption } from './global.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;

interface GetOptions extends ResourceOptions {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly o?: (typeof FORMATS)[number];
}

const EXAMPLES = `
Examples:
  streamhouse get topics
  streamhouse get topic orders -o yaml
  streamhouse get agentpools --all-namespaces -o wide`;

export function addGetCommand(program: Command, context: CliContext): void {
  withResourceOptions(program.command('get'), context)
    .description('show resources: topics or agentpools')
    .argument('<type>', 'topics, agentpools, or type/name')
    .argument('[names...]', 'those alone')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-l, --selector <labels>', 'with these labels: a=b,c!=d')
    .addOption(new Option('-o <format>', 'how they are printed').choices(FORMATS))
    .addHelpText('after', EXAMPLES)
    .action((type: string, names: string[], options: GetOptions, command: Command) =>
      get([type, ...names], options, command, context),
    );
}

async function get(
  words: readonly string[],
  options: GetOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const api = apiClient(options, context);
  const targets = targetsOf(words);
  const kind = targets[0]?.kind ?? kindOf(words[0] ?? '');
  const isEverywhere = options.allNamespaces === true;
  const isSelecting = isEverywhere || options.selector !== undefined;
  if (targets.length > 0 && isSelecting)
    throw new CommandError(
      EXIT.usage,
      'names go with neither --all-namespaces nor --selector; leave one out',
    );
  if (targets.some((target) => target.kind !== kind))
    throw new CommandError(
      EXIT.usage,
      'one kind is shown at a time; ask for the other one by itself',
    );
  const items =
    targets.length > 0
      ? await getEach(api, targets)
      : await api.list(kind, { isEverywhere, selector: options.selector ?? '' });
  const format = options.o ?? outputOption(command) ?? 'table';
  if (format === 'json' || format === 'yaml') {
    const shown = items.map(withoutManagers);
    const single = targets.length === 1 ? shown[0] : undefined;
    const value = single ?? { apiVersion: 'v1', kind: 'List', items: shown };
    return await context.stdout.writeText(renderValue(format, value));
  }
  await printTable(kind, items, { isWide: format === 'wide', isEverywhere }, context);
}

async function printTable(
  kind: Kind,
  items: readonly Fields[],
  options: { readonly isWide: boolean; readonly isEverywhere: boolean },
  context: CliContext,
): Promise<void> {
  if (items.length === 0)
    return await context.stderr.writeText(`there are no ${kind.plural} here\n`);
  const columns = columnsOf(kind, { ...options, nowMs: context.clock.wallMs() });
  await context.stdout.writeText(renderTable(columns, items));
}

async function getEach(api: ApiClient, targets: readonly Target[]): Promise<Fields[]> {
  const items: Fields[] = [];
  for (const target of targets) {
    const object = await api.get(target);
    if (object === undefined) {
      const next = `"streamhouse get ${target.kind.plural}" shows what is there`;
      throw new CommandError(EXIT.notFound, `there is no ${fullName(target)}; ${next}`);
    }
    items.push(object);
  }
  return items;
}

/** Who manages which field is for servers; people see their manifest. */
function withoutManagers(object: Fields): Fields {
  const metadata = isFields(object['metadata']) ? object['metadata'] : {};
  const { managedFields: _, ...shown } = metadata;
  return { ...object, metadata: shown };
}
