/** `npm start`: words and environment -> settings -> the whole system until a signal. */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { standaloneComponents } from './components.ts';
import { elapsed, readyScreen } from './console.ts';
import { pause } from './process.ts';
import { HELP, readCommand, type StandaloneSettings } from './settings.ts';
import { type Standalone, startStandalone } from './standalone.ts';

const DAY_MS = 86_400_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** As shells do it: 128 and the number of the signal. */
const EXIT_FORCED = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<void> {
  const command = readCommand({
    words: process.argv.slice(2),
    env: process.env,
    workingDirectory: process.env['INIT_CWD'] ?? process.cwd(),
  });
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'faulty':
      process.stderr.write(command.faults.map((fault) => `${fault}\n`).join(''));
      process.exitCode = EXIT_USAGE;
      return;
    case 'start':
      await run(command.settings);
  }
}

async function run(settings: StandaloneSettings): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const log = (line: string): void => {
    process.stdout.write(`${elapsed(systemClock.monotonicMs() - startMs)}  ${line}\n`);
  };
  const stop = new AbortController();
  let standalone: Standalone | undefined;
  const onSignal = (name: 'SIGINT' | 'SIGTERM'): void => {
    if (!stop.signal.aborted) {
      log(`${name}: stopping; once more to stop without draining`);
      stop.abort();
      return;
    }
    process.exitCode = EXIT_FORCED[name];
    log('not waiting for the agents');
    void standalone?.killAgents();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    log(`StreamHouse starts in ${settings.home}`);
    standalone = await startStandalone(settings, standaloneComponents(log), stop.signal);
    log('ready');
    process.stdout.write(readyScreen(settings, standalone));
    // Children keep this process alive, but they may all be between two lives at once.
    while (!stop.signal.aborted) await pause(DAY_MS, stop.signal).catch(() => undefined);
    log('draining the agents');
    await standalone[Symbol.asyncDispose]();
    log('stopped');
  } catch (error) {
    if (!stop.signal.aborted) {
      process.stderr.write(`${describe(error)}\n`);
      process.exitCode = EXIT_FAILED;
    } else if (standalone === undefined) {
      log('stopped before all was ready');
    } else {
      process.stderr.write(`the stop failed: ${describe(error)}\n`);
      process.exitCode = EXIT_FAILED;
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function describe(error: unknown): string {
  if (error instanceof StreamError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

await main();
