/** The `streamhouse` command: the only reader of the environment, the arguments and the signals. */
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { Sink } from './output/sink.ts';
import { runProgram } from './program.ts';

const interruption = new AbortController();
// Once each: a second Ctrl-C has the system's own meaning, which is to end at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort());
}

process.exitCode = await runProgram(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: new Sink(process.stdout),
  stderr: new Sink(process.stderr),
  progressStream: process.stderr.isTTY ? process.stderr : undefined,
  bootstrap: process.env['STREAMHOUSE_BOOTSTRAP'] || undefined,
  server: process.env['STREAMHOUSE_SERVER'] || undefined,
  clock: systemClock,
  interrupted: interruption.signal,
});
