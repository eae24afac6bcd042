/** One command that passes on the sound product and notices bugs: tests, or a simulation. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Trial {
  /** Arguments of Node.js, run in the root of the tree. */
  readonly args: readonly string[];
  /** Finds in the output what was noticed: the first group. A command that fails without it is broken and proves nothing. */
  readonly evidence: RegExp;
  /** Seconds after which it is ended. */
  readonly secondsMax: number;
  /** What it runs, when that is tests. */
  readonly tests?: { readonly file: string; readonly words: string | undefined };
}

export type Verdict =
  | { readonly type: 'passed' }
  | { readonly type: 'noticed'; readonly evidence: string }
  /** It could not say: it failed for another reason, or took too long. */
  | { readonly type: 'void'; readonly why: string };

const TEST_SECONDS_MAX = 120;
/** A failed test as hack/test-reporter.ts names it. A file that cannot be loaded says nothing about what it tests. */
const FAILED_TEST = /^ {2}(\S+\.test\.ts > (?!the file itself$).+)$/m;
const OUTPUT_TAIL_CHARS = 2_000;

/** The tests of a file whose names contain the words, or all of them. */
export function tests(file: string, words?: string): Trial {
  const trial = testRun([file], words === undefined ? [] : [words], TEST_SECONDS_MAX);
  return { ...trial, tests: { file, words } };
}

/** The protocol as a whole: seeds with the agents and the SDK as they are, over models of the stores. */
export const SIMULATION: Trial = {
  args: ['test/simulation/main.ts', '--seeds', '50'],
  evidence: /^(\{"seed":.+\})$/m,
  secondsMax: 300,
};

/** The same trials in few commands, for a tree that should pass them all: two for all that are tests. */
export function together(trials: readonly Trial[]): readonly Trial[] {
  const run = trials.flatMap((trial) => trial.tests ?? []);
  const whole = new Set(run.filter(({ words }) => words === undefined).map(({ file }) => file));
  const parts = run.filter(({ file }) => !whole.has(file));
  const words = new Set(parts.flatMap((part) => part.words ?? []));
  const secondsMax = run.length * TEST_SECONDS_MAX;
  const joined = [
    testRun([...whole], [], secondsMax),
    testRun([...new Set(parts.map(({ file }) => file))], [...words], secondsMax),
  ];
  const others = new Map(
    trials.filter((trial) => trial.tests === undefined).map((trial) => [commandOf(trial), trial]),
  );
  // Without a file it would run all that there is.
  return [...joined.filter(({ args }) => args.some(isTestFile)), ...others.values()];
}

function isTestFile(word: string): boolean {
  return word.endsWith('.test.ts');
}

/** The tests of the files whose names contain any of the words; no words: all. */
function testRun(files: readonly string[], words: readonly string[], secondsMax: number): Trial {
  const pattern = words.map((each) => each.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  const named = pattern === '' ? [] : ['-t', pattern];
  return {
    args: ['hack/test.ts', ...files, '--bail=1', ...named],
    evidence: FAILED_TEST,
    secondsMax,
  };
}

/** @throws the signal's reason when it aborts first. */
export async function runTrial(trial: Trial, root: string, signal: AbortSignal): Promise<Verdict> {
  signal.throwIfAborted();
  // A group of its own, so that its end is the end of all that it started.
  const child = spawn(process.execPath, [...trial.args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timeout = AbortSignal.timeout(trial.secondsMax * 1_000);
  const end = (): void => endGroup(child);
  const either = AbortSignal.any([signal, timeout]);
  either.addEventListener('abort', end, { once: true });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  either.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (timeout.aborted) return { type: 'void', why: `took longer than ${trial.secondsMax} s` };
  return judge(trial, exitCode as number | null, stdout + stderr);
}

/** What the end of a trial says. */
export function judge(trial: Trial, exitCode: number | null, output: string): Verdict {
  if (exitCode === 0) return { type: 'passed' };
  const evidence = trial.evidence.exec(output)?.[1];
  if (evidence !== undefined) return { type: 'noticed', evidence };
  const why = `ended with ${exitCode} and named nothing: ${output.slice(-OUTPUT_TAIL_CHARS)}`;
  return { type: 'void', why };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}

/** The command as one would type it in the root of the tree. */
export function commandOf({ args }: Trial): string {
  return ['node', ...args.map((word) => (/^[\w./=-]+$/.test(word) ? word : `'${word}'`))].join(' ');
}
