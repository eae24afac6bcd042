/** `npm run mutants`: plants one bug after the other in a copy of the product, and requires that a test notices each. */
import { machineFacts } from '../bench/machine.ts';
import { MUTANTS } from './mutants.ts';
import { HELP, type MutantOptions, readOptions } from './options.ts';
import { exitCodeOf, listLines, resultDocument, resultLine, summaryLine } from './report.ts';
import { BaselineError, type Result, runMutants } from './run.ts';

const EXIT_USAGE = 2;
const EXIT_VOID = 3;

async function run({ mutants, isJson }: MutantOptions): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new BaselineError('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  // Before the tree is copied: the commit is the one that is tried.
  const [startedAt, machine] = [new Date().toISOString(), machineFacts()];
  // Lines for people go where a JSON document is not.
  const say = (line: string): void =>
    void (isJson ? process.stderr : process.stdout).write(`${line}\n`);
  const results: readonly Result[] = await runMutants({
    mutants,
    signal: stop.signal,
    onSound: (command, seconds) =>
      say(`sound     ${seconds.toFixed(1).padStart(6)} s  without any bug: ${command}`),
    onResult: (result) => say(resultLine(result)),
  });
  say(summaryLine(results));
  process.exitCode = exitCodeOf(results);
  if (!isJson) return;
  const document = {
    startedAt,
    finishedAt: new Date().toISOString(),
    machine,
    mutants: results.map(resultDocument),
  };
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

async function main(words: readonly string[]): Promise<void> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(words, MUTANTS);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options === 'help') return void process.stdout.write(HELP);
  if (options === 'list') return void process.stdout.write(`${listLines(MUTANTS)}\n`);
  try {
    await run(options);
  } catch (error) {
    if (!(error instanceof BaselineError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_VOID;
  }
}

await main(process.argv.slice(2));
