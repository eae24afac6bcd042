import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { collectText } from '../options.ts';
import { renderValue } from '../output/format.ts';
import { fullName, type Target, targetsOf } from '../resources/kinds.ts';
import { readManifests } from '../resources/manifests.ts';
import { apiClient, type ResourceOptions, withResourceOptions } from '../resources/options.ts';
import { outputOption } from './global.ts';

interface DeleteOptions extends ResourceOptions {
  readonly filename?: readonly string[];
  readonly ignoreNotFound?: boolean;
}

const EXAMPLES = `
A topic's records stay unless its deletionPolicy is Delete.

Examples:
  streamhouse delete topic orders
  streamhouse delete topic/orders agentpool/night
  streamhouse delete -f manifests/ --ignore-not-found`;

const DONE = {
  gone: 'deleted',
  marked: 'is being deleted: the operator finishes it',
  absent: 'is not there',
} as const;

export function addDeleteCommand(program: Command, context: CliContext): void {
  withResourceOptions(program.command('delete'), context)
    .description('delete resources by name, or those of manifests')
    .argument('[type]', 'topic, agentpool, or type/name')
    .argument('[names...]')
    .option(
      '-f, --filename <path>',
      'a file, a folder, or - for the standard input; may be given more than once',
      collectText,
    )
    .option('--ignore-not-found', 'do nothing about those that are not there')
    .addHelpText('after', EXAMPLES)
    .action((type: string | undefined, names: string[], options: DeleteOptions, command: Command) =>
      remove(type === undefined ? [] : [type, ...names], options, command, context),
    );
}

async function remove(
  words: readonly string[],
  options: DeleteOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const api = apiClient(options, context);
  const format = outputOption(command) ?? 'table';
  const results: object[] = [];
  for (const target of await targets(words, options, context)) {
    const done = await api.delete(target, target.namespace);
    if (done === 'absent' && options.ignoreNotFound !== true) {
      const next = `"streamhouse get ${target.kind.plural}" shows what is there`;
      throw new CommandError(EXIT.notFound, `there is no ${fullName(target)}; ${next}`);
    }
    results.push({ resource: fullName(target), result: done });
    if (format === 'table') await context.stdout.writeText(`${fullName(target)} ${DONE[done]}\n`);
  }
  if (format !== 'table') await context.stdout.writeText(renderValue(format, results));
}

async function targets(
  words: readonly string[],
  { filename, namespace }: DeleteOptions,
  context: CliContext,
): Promise<readonly (Target & { readonly namespace?: string })[]> {
  if (filename !== undefined && words.length > 0)
    throw new CommandError(EXIT.usage, 'names and -f exclude each other; leave one out');
  if (filename !== undefined) return await readManifests(filename, namespace, context);
  const named = targetsOf(words.length === 0 ? [''] : words);
  if (named.length === 0)
    throw new CommandError(EXIT.usage, 'a name is needed; see "streamhouse delete --help"');
  return named;
}
