/** `npm run chaos`: breaks a cluster on purpose and says whether anything was lost. Progress is told on stderr. */
import { type ChaosOptions, HELP, readOptions } from './options.ts';
import { renderReport } from './report.ts';
import { runChaos } from './run.ts';
import { EXIT_CODES, type Verdict } from './verdict.ts';

const EXIT_USAGE = 2;
const EXIT_FAILED = 4;

async function runAll(options: ChaosOptions, signal: AbortSignal): Promise<void> {
  const startMs = performance.now();
  const say = (line: string): void => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1).padStart(7);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  const verdicts = new Set<Verdict>();
  let isFinished = true;
  const { runs, ...settings } = options;
  for (let number = 0; number < runs; number++) {
    const seed = options.seed + number;
    const report = await runChaos({ ...settings, seed, say, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      process.stderr.write(`seed ${seed} did not finish: ${describe(error)}\n`);
    });
    isFinished &&= report !== undefined;
    if (report === undefined) continue;
    verdicts.add(report.verdict);
    const text = renderReport(report);
    if (options.isJson) process.stderr.write(text);
    process.stdout.write(options.isJson ? `${JSON.stringify(report)}\n` : text);
  }
  const worst = (['violated', 'void', 'passed'] as const).find((verdict) => verdicts.has(verdict));
  process.exitCode = isFinished || worst === 'violated' ? EXIT_CODES[worst ?? 'void'] : EXIT_FAILED;
}

async function main(words: readonly string[]): Promise<void> {
  let options: ChaosOptions | 'help';
  try {
    options = readOptions(words);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const interrupted = new AbortController();
  // The end takes seconds and is bounded: a second signal, which some who send the first one send too, hastens nothing.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  // A terminal that is gone takes nothing more; all that was started has to end all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    await runAll(options, interrupted.signal);
  } catch (error) {
    const { aborted, reason } = interrupted.signal;
    process.stderr.write(`${aborted ? String(reason) : describe(error)}\n`);
    process.exitCode = EXIT_FAILED;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

await main(process.argv.slice(2));
