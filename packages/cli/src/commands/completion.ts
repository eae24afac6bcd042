import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import type { CliContext } from '../context.ts';

const NOTES = `
Examples:
  source <(streamhouse completion bash)          # this shell; put it into ~/.bashrc for all
  source <(streamhouse completion zsh)           # after compinit, for example in ~/.zshrc
  streamhouse completion fish > ~/.config/fish/completions/streamhouse.fish`;

export function addCompletionCommand(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and options')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', NOTES)
    .action((shell: Shell) => context.stdout.writeText(completionScript(shell, program)));
}
