/**
 * `npm run check [-- GATE…]`: every gate, or those that are named, side by side. One line per gate with its time, then the
 * findings of the ones that failed. The exit code is 0 only if all passed.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { importFindings } from './check-imports.ts';
import { treeFindings } from './check-tree.ts';

type Verdict = { readonly isPassed: boolean; readonly output: string };
type Gate = { readonly name: string; readonly run: (root: string) => Promise<Verdict> };

const ROOT = join(import.meta.dirname, '..');
const PROTO = 'packages/api/proto';

function command(program: string, ...args: string[]): Gate['run'] {
  return (root) =>
    new Promise((settle) => {
      const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.once('error', (error) => settle({ isPassed: false, output: error.message }));
      child.once('close', (code) => settle({ isPassed: code === 0, output }));
    });
}

function findings(find: (root: string) => string[]): Gate['run'] {
  return async (root) => {
    const lines = find(root);
    return { isPassed: lines.length === 0, output: lines.join('\n') };
  };
}

/** The slowest first, so that the others fit beside it. */
const GATES: readonly Gate[] = [
  { name: 'generated', run: command(process.execPath, 'hack/gen.ts', '--check') },
  { name: 'types', run: command('tsc', '--project', '.', '--pretty', 'false') },
  { name: 'lint', run: command('oxlint', '--format=unix') },
  { name: 'unused', run: command('knip', '--no-progress') },
  { name: 'proto', run: command('buf', 'lint', PROTO) },
  {
    name: 'proto-breaking',
    run: command('buf', 'breaking', PROTO, '--against', 'packages/api/baseline.binpb'),
  },
  { name: 'format', run: command('biome', 'format', '--colors=off', '--reporter=summary', '.') },
  { name: 'imports', run: findings(importFindings) },
  { name: 'tree', run: findings(treeFindings) },
];

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
