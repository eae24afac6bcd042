/** The tree of commands and what holds for all of them. */
import { Command, CommanderError, Option, type OutputConfiguration } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { addAgentsCommand } from './commands/agents.ts';
import { addApplyCommand } from './commands/apply.ts';
import { addBenchCommand } from './commands/bench.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConsumeCommand } from './commands/consume.ts';
import { addDeleteCommand } from './commands/delete.ts';
import { addGetCommand } from './commands/get.ts';
import { addGroupsCommand } from './commands/groups.ts';
import { addProduceCommand } from './commands/produce.ts';
import { addScaleCommand } from './commands/scale.ts';
import { addTopicsCommand } from './commands/topics.ts';
import type { CliContext } from './context.ts';
import { CommandError, EXIT, errorLine, exitCodeOf } from './exit-code.ts';
import { OUTPUT_FORMATS } from './output/format.ts';

const BOOTSTRAP_DEFAULT = 'localhost:9090';

const EXAMPLES = `
Examples:
  streamhouse topics create orders --partitions 12
  echo '{"user":7,"item":"tea"}' | streamhouse produce orders --json --key-field user
  streamhouse consume orders --json
  streamhouse groups describe billing
  streamhouse topics list --output yaml --bootstrap agent-1:9090,agent-2:9090

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not allowed, 4 not found, 5 unavailable, 130 interrupted.`;

/** Runs one command line, without node and script. Never rejects: a failure is one line on stderr and the exit code. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  // Commander prints while it parses and cannot wait, so its text is kept until it is done.
  const help: string[] = [];
  const program = buildProgram(context, {
    writeOut: (text) => help.push(text),
    writeErr: (text) => help.push(text),
    outputError: () => {},
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError)
      return await endParsing(program, args, error, help, context);
    if (context.interrupted.aborted && !(error instanceof CommandError)) {
      await context.stderr.writeText('streamhouse: interrupted\n');
      return EXIT.interrupted;
    }
    await context.stderr.writeText(`${errorLine(error)}\n`);
    return exitCodeOf(error);
  } finally {
    await context.stdout.flush();
  }
}

function buildProgram(context: CliContext, output: OutputConfiguration): Command {
  const program = new Command('streamhouse')
    .description('Topics, records, consumer groups and agents of a StreamHouse cluster.')
    .version(manifest.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print how to use a command')
    .helpCommand(false)
    .option(
      '--bootstrap <addresses>',
      'agents to begin with, host:port, separated by commas (env: STREAMHOUSE_BOOTSTRAP)',
      context.bootstrap ?? BOOTSTRAP_DEFAULT,
    )
    .addOption(
      new Option('--output <format>', 'how results are printed; table unless given').choices(
        OUTPUT_FORMATS,
      ),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(output)
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  // Last, because a command inherits what the program has when it is added.
  addTopicsCommand(program, context);
  addProduceCommand(program, context);
  addConsumeCommand(program, context);
  addGroupsCommand(program, context);
  addAgentsCommand(program, context);
  addApplyCommand(program, context);
  addGetCommand(program, context);
  addDeleteCommand(program, context);
  addScaleCommand(program, context);
  addBenchCommand(program, context);
  addCompletionCommand(program, context);
  return program;
}

/** Help and version were asked for, or the command line is wrong. */
async function endParsing(
  program: Command,
  args: readonly string[],
  error: CommanderError,
  help: readonly string[],
  context: CliContext,
): Promise<number> {
  const exitCode = exitCodeOf(error);
  if (exitCode === EXIT.ok) {
    await context.stdout.writeText(help.join(''));
  } else if (error.code === 'commander.help') {
    await context.stderr.writeText(help.join(''));
  } else {
    const cause = error.message.replace(/^error: /, '').replace(/\.$/, '');
    const next = `see "${commandPath(program, args)} --help"`;
    await context.stderr.writeText(
      `${errorLine(new CommandError(EXIT.usage, `${cause}; ${next}`))}\n`,
    );
  }
  return exitCode;
}

/** The command that the arguments lead to, as a user types it. */
function commandPath(program: Command, args: readonly string[]): string {
  const names = [program.name()];
  let command = program;
  for (const arg of args) {
    const child = command.commands.find((each) => each.name() === arg);
    if (child === undefined) continue;
    names.push(arg);
    command = child;
  }
  return names.join(' ');
}
