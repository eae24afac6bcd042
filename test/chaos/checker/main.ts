/**
 * `npm run check-history -- FILE`: judges the history of a run.
 *
 * A history is a file of events, one JSON object a line (NDJSON), in the shapes of `history.ts`: what clients asked for,
 * what they were answered, and when. The fault harness writes one; so may any other program, of any other log. The checker
 * knows nothing of the product and imports none of it: it has what clients saw, and the promises of a log.
 *
 * It looks for the kinds of anomaly of `anomaly.ts`, in the spirit of Jepsen's checker for Kafka
 * (https://github.com/jepsen-io/kafka), and prints each with its evidence; `#7` is the event whose `i` is 7. What an
 * operation with the outcome `info` did is not known: its records may appear at any later time, or never.
 *
 * It reads the file once (`history-reader.ts`), keeps what is known by value and partition (`ledger.ts`, `reading.ts`,
 * `topics.ts`), and judges each value at the end (`judge.ts`). Time and memory are linear; a million sends take seconds:
 * `node test/chaos/checker/scale/main.ts`.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkHistory } from './check-history.ts';
import { HistoryError } from './history-reader.ts';
import { renderVerdict } from './report.ts';

const EXIT_ANOMALIES = 1;
const EXIT_UNREADABLE = 2;

const HELP = `npm run check-history -- FILE [--json]: judges the history of a run.

  FILE    NDJSON, one event a line, as test/chaos/checker/history.ts says
  --json  one JSON document on stdout: { anomalies, figures }
  --help  this

Exit code: 0 no anomaly, 1 anomalies, 2 the history cannot be read.
`;

interface Options {
  readonly file: string;
  readonly isJson: boolean;
}

class UsageError extends Error {}

/** @throws Error that says what is wrong with the words. */
function readOptions(words: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new UsageError('name one FILE; see --help');
  // npm runs scripts in the root of the repository, wherever it was called.
  return { file: resolve(process.env['INIT_CWD'] ?? '.', file), isJson: values.json };
}

async function main(words: readonly string[]): Promise<void> {
  const options = readOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const verdict = await checkHistory(options.file);
  process.stdout.write(
    options.isJson ? `${JSON.stringify(verdict, null, 2)}\n` : renderVerdict(verdict),
  );
  if (verdict.anomalies.length > 0) process.exitCode = EXIT_ANOMALIES;
}

/** Exits of this program are verdicts: whatever else goes wrong must not look like one. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof HistoryError || error instanceof UsageError;
  // Errors of the file system and of parseArgs have a code.
  return isExpected || 'code' in error ? error.message : (error.stack ?? error.message);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`check-history: ${explain(error)}\n`);
  process.exitCode = EXIT_UNREADABLE;
}
