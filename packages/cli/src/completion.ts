/**
 * Completion scripts, made from the tree of commands so that they cannot differ from it. Each shell walks the words before the
 * cursor down the tree to a path such as `streamhouse topics create`, then offers what the table has for that path.
 */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Node {
  /** The command as a user types it. */
  readonly path: string;
  /** Its commands, choices of its argument and options. */
  readonly words: readonly string[];
}

export function completionScript(shell: Shell, program: Command): string {
  const nodes = nodesOf(program, program.name(), program.options.flatMap(longOf));
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
}

function nodesOf(command: Command, path: string, globals: readonly string[]): Node[] {
  const children = command.commands;
  const words = [
    ...children.map((child) => child.name()),
    ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    ...command.options.flatMap(longOf),
    ...globals,
    '--help',
  ];
  return [
    { path, words: [...new Set(words)] },
    ...children.flatMap((child) => nodesOf(child, `${path} ${child.name()}`, globals)),
  ];
}

function longOf(option: { readonly long?: string }): string[] {
  return option.long === undefined ? [] : [option.long];
}

function bash(nodes: readonly Node[]): string {
  return `_streamhouse() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path=streamhouse word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${pathsPattern(nodes)}) path="$path $word" ;;
    esac
  done
  case "$path" in
${nodes.map(({ path, words }) => `    '${path}') COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current")) ;;`).join('\n')}
  esac
}
complete -o default -F _streamhouse streamhouse
`;
}

function zsh(nodes: readonly Node[]): string {
  return `#compdef streamhouse
_streamhouse() {
  local path_=streamhouse word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path_ $word" in
      ${pathsPattern(nodes)}) path_="$path_ $word" ;;
    esac
  done
  case "$path_" in
${nodes.map(({ path, words }) => `    '${path}') compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
  [[ "$PREFIX" == -* ]] || _files
}
compdef _streamhouse streamhouse
`;
}

function fish(nodes: readonly Node[]): string {
  return `function __streamhouse_path
  set -l path streamhouse
  for word in (commandline -opc)[2..-1]
    switch "$path $word"
      case ${paths(nodes).join(' ')}
        set path "$path $word"
    end
  end
  echo $path
end
${nodes.map(({ path, words }) => `complete -c streamhouse -n 'test (__streamhouse_path) = "${path}"' -a '${words.join(' ')}'`).join('\n')}
`;
}

function pathsPattern(nodes: readonly Node[]): string {
  return paths(nodes).join(' | ');
}

/** The quoted paths of all commands but the program itself. */
function paths(nodes: readonly Node[]): string[] {
  return nodes.slice(1).map(({ path }) => `'${path}'`);
}
