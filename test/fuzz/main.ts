/** `npm run fuzz`: fuzzes, then prints a table or one JSON document. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCorpus } from './corpus.ts';
import { fuzz, type FuzzOutcome, replay } from './fuzzer.ts';
import { type FuzzOptions, helpText, readOptions } from './options.ts';
import type { Finding, FuzzTarget } from './target.ts';
import { TARGETS } from './targets.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const FOUND_FOLDER = join(import.meta.dirname, '../../.cache/fuzz');
const NAMES = TARGETS.map(({ name }) => name);

/** A finding as it is told: its inputs are in files, and one command shows it again. */
interface ToldFinding {
  readonly what: string;
  readonly files: readonly string[];
  readonly replay: string;
}

async function tell(target: string, { inputs, what }: Finding): Promise<ToldFinding> {
  await mkdir(FOUND_FOLDER, { recursive: true });
  const files = inputs.map((input) => {
    const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
    return join(FOUND_FOLDER, `${target}-${digest}.bin`);
  });
  await Promise.all(files.map((file, index) => writeFile(file, inputs[index]!)));
  const command = `npm run fuzz -- --target ${target} --replay ${files.join(',')}`;
  return { what, files, replay: command };
}

async function run(target: FuzzTarget, options: FuzzOptions): Promise<FuzzOutcome> {
  if (options.replay.length > 0) {
    return await replay(target, await Promise.all(options.replay.map((file) => readFile(file))));
  }
  const { seed, seconds } = options;
  return await fuzz(target, { seed, seconds, executions: Number.POSITIVE_INFINITY });
}

async function main(words: readonly string[]): Promise<void> {
  const options = read(words);
  if (options === undefined) return;
  const targets = TARGETS.filter(({ name }) => options.targets.includes(name));
  if (options.isWritingCorpus) {
    for (const target of targets) await writeCorpus(target);
    return;
  }
  const { seed } = options;
  if (!options.isJson) process.stdout.write(`seed ${seed}\n`);
  const told: (Omit<FuzzOutcome, 'findings'> & { readonly findings: readonly ToldFinding[] })[] =
    [];
  for (const target of targets) {
    const outcome = await run(target, options);
    const findings: ToldFinding[] = [];
    for (const finding of outcome.findings) findings.push(await tell(target.name, finding));
    told.push({ ...outcome, findings });
    if (!options.isJson)
      process.stdout.write(`${line(outcome)}\n${findings.map(paragraph).join('')}`);
  }
  if (options.isJson)
    process.stdout.write(`${JSON.stringify({ seed, targets: told }, undefined, 2)}\n`);
  if (told.some(({ findings }) => findings.length > 0)) process.exitCode = EXIT_FAILED;
}

/** Undefined when there is nothing to run: help, or words that are not understood. */
function read(words: readonly string[]): FuzzOptions | undefined {
  try {
    const options = readOptions(words, NAMES, Date.now());
    if (options !== 'help') return options;
    process.stdout.write(helpText(NAMES));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
  }
  return undefined;
}

function line({ target, executions, executionsPerSecond, findings }: FuzzOutcome): string {
  const rate = `${Math.round(executionsPerSecond)}/s`;
  return `${target.padEnd(18)}${String(executions).padStart(9)}${rate.padStart(10)}  ${findings.length} findings`;
}

function paragraph({ what, replay: command }: ToldFinding): string {
  return `  ${what.replaceAll('\n', '\n  ')}\n  ${command}\n`;
}

await main(process.argv.slice(2));
