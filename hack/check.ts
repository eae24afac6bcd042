/**
 * `npm run check [-- GATE…]`: every gate, or those that are named, side by side. One line per gate with its time, then the
 * findings of the ones that failed. The exit code is 0 only if all passed.
 */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { GATES, type Gate } from './gates.ts';

const ROOT = join(import.meta.dirname, '..');

function selected(names: readonly string[]): readonly Gate[] {
  const unknown = names.filter((name) => !GATES.some((gate) => gate.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `no gate ${unknown.join(', ')}; there are ${GATES.map((gate) => gate.name).join(', ')}`,
    );
  }
  return names.length === 0 ? GATES : GATES.filter((gate) => names.includes(gate.name));
}

async function runGate(gate: Gate): Promise<string | undefined> {
  const startedMs = performance.now();
  const { isPassed, output } = await gate.run(ROOT);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${isPassed ? 'ok  ' : 'FAIL'} ${gate.name.padEnd(14)} ${seconds.padStart(5)} s`);
  return isPassed ? undefined : `\n── ${gate.name}\n${output.trim()}`;
}

async function main(names: readonly string[]): Promise<void> {
  const waiting = [...selected(names)];
  const failures: string[] = [];
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const worker = async (): Promise<void> => {
    for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift()) {
      const failure = await runGate(gate);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  for (const failure of failures) console.log(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
