/**
 * `npm run check:gates`: plants the violations of hack/plants.ts in a copy of the tree and requires that each gate fails
 * and names every one. A gate that stopped to look (a renamed option, an ignored folder) passes everything; this notices.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GATES, type Gate, type Verdict } from './gates.ts';
import { PLANTS, type Plant } from './plants.ts';
import { copyTree } from './scratch-tree.ts';

const ROOT = join(import.meta.dirname, '..');

function plant(copy: string, { path, text }: Plant): void {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof text === 'string' ? text : text(readFileSync(file, 'utf8')));
}

/** Whether one line of the output tells of this plant. */
function isNamed({ path, says }: Plant, { output }: Verdict): boolean {
  return output.split('\n').some((line) => line.includes(path) && line.includes(says));
}

/** The plants that `gate` did not find: `path: what it should have said`. Empty is good. */
export async function missedPlants(gate: Gate): Promise<string[]> {
  const plants = PLANTS.filter((each) => each.gate === gate.name);
  if (plants.length === 0) return [`nothing is planted for the gate ${gate.name}`];
  const copy = mkdtempSync(join(tmpdir(), 'streamhouse-gates-'));
  try {
    copyTree(copy);
    for (const each of plants) plant(copy, each);
    const verdict = await gate.run(copy);
    if (verdict.isPassed) return [`the gate ${gate.name} passes with every violation in place`];
    const missed = plants.filter((each) => !isNamed(each, verdict));
    return missed.map(({ path, says }) => `${gate.name} does not say of ${path}: ${says}`);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Rules that .oxlintrc.json asks for and nothing is planted for. */
export function unplantedRules(): string[] {
  const config = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as {
    rules: Record<string, unknown>;
    overrides: { rules: Record<string, unknown> }[];
  };
  const asked = [config.rules, ...config.overrides.map(({ rules }) => rules)]
    .flatMap((rules) => Object.entries(rules))
    .filter(([, level]) => level !== 'off')
    .map(([rule]) => rule.split('/').at(-1) ?? rule);
  return [...new Set(asked)].filter((rule) => !PLANTS.some(({ says }) => says === rule));
}

async function main(): Promise<void> {
  const faults = unplantedRules().map((rule) => `nothing is planted for the lint rule ${rule}`);
  for (const gate of GATES) {
    const startedMs = performance.now();
    const missed = await missedPlants(gate);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(
      `${missed.length === 0 ? 'ok  ' : 'FAIL'} ${gate.name.padEnd(14)} ${seconds.padStart(5)} s`,
    );
    faults.push(...missed);
  }
  for (const fault of faults) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
