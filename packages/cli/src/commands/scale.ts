import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { parseInteger } from '../options.ts';
import { renderValue } from '../output/format.ts';
import { fullName, targetsOf } from '../resources/kinds.ts';
import { apiClient, type ResourceOptions, withResourceOptions } from '../resources/options.ts';
import { outputOption } from './global.ts';

interface ScaleOptions extends ResourceOptions {
  readonly replicas: number;
}

const REPLICAS_MAX = 2_147_483_647;
const EXAMPLES = `
Examples:
  streamhouse scale agentpool/default --replicas 5`;

export function addScaleCommand(program: Command, context: CliContext): void {
  withResourceOptions(program.command('scale'), context)
    .description('say how many agents a pool has')
    .argument('<type>', 'agentpool/name, or agentpool and a name')
    .argument('[name]')
    .requiredOption('--replicas <count>', 'agents that the pool has then', (text) =>
      parseInteger(text, 0, REPLICAS_MAX),
    )
    .addHelpText('after', EXAMPLES)
    .action((type: string, name: string | undefined, options: ScaleOptions, command: Command) =>
      scale(name === undefined ? [type] : [type, name], options, command, context),
    );
}

async function scale(
  words: readonly string[],
  options: ScaleOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const [target, ...others] = targetsOf(words);
  if (target === undefined || others.length > 0)
    throw new CommandError(EXIT.usage, 'one pool is needed; see "streamhouse scale --help"');
  if (target.kind.scale === undefined)
    throw new CommandError(
      EXIT.usage,
      `${target.kind.plural} have no replicas; scale an agentpool`,
    );
  await apiClient(options, context).scale(target, options.replicas);
  const format = outputOption(command) ?? 'table';
  await context.stdout.writeText(
    format === 'table'
      ? `${fullName(target)} scaled\n`
      : renderValue(format, { resource: fullName(target), replicas: options.replicas }),
  );
}
