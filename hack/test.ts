/**
 * `npm test [-- FILTER… | vitest options]`: every test, or those whose path contains a FILTER. The last line is
 * `N passed, N failed, N skipped`; the exit code is 0 only if something passed and nothing failed.
 */
import { join } from 'node:path';
import { parseCLI, startVitest } from 'vitest/node';
import { TestReporter } from './test-reporter.ts';

/** Past this a handle that a test left open no longer delays the exit. */
const EXIT_GRACE_MS = 2_000;

async function main(args: readonly string[]): Promise<void> {
  const reporter = new TestReporter((text) => process.stdout.write(`${text}\n`));
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const root = options.root ?? join(import.meta.dirname, '..');
  try {
    await startVitest(filter, { ...options, root, run: true, watch: false, reporters: [reporter] });
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  const { passed, failed, skipped } = reporter.tally;
  const isGood = reporter.isGood && (process.exitCode ?? 0) === 0;
  if (passed + failed === 0) console.log('no test ran');
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = isGood ? 0 : 1;
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}

await main(process.argv.slice(2));
