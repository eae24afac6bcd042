/**
 * Scenario files: tests that are read as stories. A file is text; its first line is the test's name.
 *
 *   A paused agent finds its session fenced
 *
 *   Prose, as long as it takes.
 *
 *   > renewed sent=1000 at=1020
 *   held until 3500
 *
 * A line that begins with `> ` is a command: a name, words, and `key=value` arguments. The lines below it, up to the next
 * command or empty line, are what the machine printed. All else is prose. The runner replays the commands and compares the
 * whole file, so that `vitest -u` rewrites what is printed and nothing else; read the difference before it is committed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** One command line. Reading an argument that is missing throws, and so does leaving one unread. */
export class ScenarioCommand {
  readonly line: string;
  readonly name: string;
  readonly #unread: Map<string, string>;

  constructor(line: string) {
    const [name = '', ...args] = line.split(/\s+/);
    this.line = line;
    this.name = name;
    this.#unread = new Map(args.map((arg) => splitArgument(arg)));
  }

  has(key: string): boolean {
    return this.#unread.has(key);
  }

  /** The text after `key=`. */
  text(key: string): string {
    const value = this.#unread.get(key);
    if (value === undefined) throw new Error(`"${this.line}" has no ${key}`);
    this.#unread.delete(key);
    return value;
  }

  /** The number after `key=`, or `fallback` where it is not given. */
  number(key: string, fallback?: number): number {
    if (fallback !== undefined && !this.has(key)) return fallback;
    const value = Number(this.text(key));
    if (Number.isNaN(value)) throw new Error(`"${this.line}": ${key} is not a number`);
    return value;
  }

  /** The items after `key=`, which a comma separates; none where it is not given. */
  list(key: string): readonly string[] {
    return this.has(key) ? this.text(key).split(',') : [];
  }

  /** Whether the word stands in the command. */
  flag(word: string): boolean {
    return this.#unread.delete(word);
  }

  finish(): void {
    const unread = [...this.#unread.keys()];
    if (unread.length > 0) throw new Error(`"${this.line}": nobody reads ${unread.join(', ')}`);
  }
}

function splitArgument(arg: string): [string, string] {
  const at = arg.indexOf('=');
  return at === -1 ? [arg, ''] : [arg.slice(0, at), arg.slice(at + 1)];
}

/** Carries a command out and prints what came of it, one line each. */
export type ScenarioMachine = (command: ScenarioCommand) => readonly string[];

/** One test for each `.txt` file of a folder, each with a machine of its own. */
export function describeScenarios(folder: URL, newMachine: () => ScenarioMachine): void {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  if (files.length === 0) throw new Error(`no scenarios in ${folder.href}`);
  describe('scenarios', () => {
    for (const name of files.sort()) {
      const file = new URL(name, folder);
      const text = readFileSync(file, 'utf8');
      const [title = name] = text.split('\n', 1);
      it(title, async () => {
        await expect(replay(text, newMachine())).toMatchFileSnapshot(fileURLToPath(file));
      });
    }
  });
}

/** The file with what `machine` prints in the place of what was printed before. */
function replay(text: string, machine: ScenarioMachine): string {
  const lines: string[] = [];
  let isOutput = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      const command = new ScenarioCommand(line.slice(2));
      const printed = machine(command);
      command.finish();
      lines.push(line, ...printed);
      isOutput = true;
    } else {
      isOutput &&= line !== '';
      if (!isOutput) lines.push(line);
    }
  }
  return lines.join('\n');
}
