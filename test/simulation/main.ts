/** Simulates seeds in a row and prints what they met; the first violation ends it, with the command that repeats it. */
import { HELP, readOptions, type SimulateOptions } from './options.ts';
import type { RunResult } from './simulate.ts';
import { simulateAll } from './simulate-all.ts';
import { FaultCounts } from './world/fault-counts.ts';

const TAIL_LINES = 60;

async function main(words: readonly string[]): Promise<void> {
  let options: SimulateOptions | 'help';
  try {
    options = readOptions(words);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
    return;
  }
  if (options === 'help') process.stdout.write(HELP);
  else await runAll(options);
}

async function runAll({ seeds, firstSeed, isJson, isTraced }: SimulateOptions): Promise<void> {
  const faults = new FaultCounts();
  const totals = { ok: 0, fail: 0, unknown: 0, reads: 0 };
  const startMs = performance.now();
  let [count, simulatedMs] = [0, 0];
  let violated: RunResult | undefined;
  const traceLinesMax = isTraced ? Number.MAX_SAFE_INTEGER : TAIL_LINES;
  for await (const run of simulateAll({ firstSeed, seeds, traceLinesMax })) {
    count++;
    faults.add(run.counts);
    simulatedMs += run.simulatedMs;
    totals.ok += run.sends.ok;
    totals.fail += run.sends.fail;
    totals.unknown += run.sends.unknown;
    totals.reads += run.reads;
    if (isTraced) process.stderr.write(`${run.trace.join('\n')}\n`);
    if (run.violation === undefined) continue;
    violated = run;
    break;
  }
  const wallMs = performance.now() - startMs;
  const report = {
    seeds: count,
    simulatedSeconds: Math.round(simulatedMs / 1_000),
    simulatedSecondsPerWallSecond: Math.round(simulatedMs / wallMs),
    ...totals,
    faults,
    violations: violated === undefined ? [] : [{ seed: violated.seed, ...violated.violation }],
  };
  if (isJson) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else process.stdout.write(`${render(report)}\n`);
  if (violated === undefined) return;
  process.stderr.write(`${violated.trace.slice(-TAIL_LINES).join('\n')}\n`);
  process.stderr.write(`again: npm run simulate -- --seed ${violated.seed} --seeds 1 --trace\n`);
  process.exitCode = 1;
}

function render({
  faults,
  violations,
  ...figures
}: {
  faults: FaultCounts;
  violations: object[];
}): string {
  const lines = Object.entries(figures).map(
    ([name, value]) => `${name.padEnd(32)}${String(value)}`,
  );
  for (const [fault, { injected, felt }] of Object.entries(faults.toJSON()))
    lines.push(`${fault.padEnd(32)}${injected} injected, ${felt} felt`);
  lines.push(`violations                      ${violations.length}`);
  for (const violation of violations) lines.push(JSON.stringify(violation));
  return lines.join('\n');
}

await main(process.argv.slice(2));
