/**
 * Writes every folder of the tree that follows from another part of it. `--check` writes to a temporary place and fails when
 * the tree differs.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesUnder } from './files-under.ts';
import { generateChartDefinitions } from './gen-chart.ts';
import { generateClientReference } from './gen-client.ts';
import { generateProto } from './gen-proto.ts';
import { generateDefinitions, generateReference } from './gen-resources.ts';

const ROOT = join(import.meta.dirname, '..');

/** Each writes a whole folder: what else is in it is out of date. */
const TARGETS: Readonly<Record<string, (outDir: string) => void>> = {
  'packages/api/gen': generateProto,
  crds: generateDefinitions,
  // From the tree's crds, which are written by then.
  'helm/streamhouse/templates/crds': generateChartDefinitions,
  'docs/reference': (outDir) => {
    generateReference(outDir);
    generateClientReference(outDir);
  },
};

/** Paths below `folder` that differ between the tree and what the sources give now. */
function drift(folder: string, generate: (outDir: string) => void): string[] {
  const fresh = mkdtempSync(join(tmpdir(), 'streamhouse-gen-'));
  try {
    generate(fresh);
    const committed = join(ROOT, folder);
    const want = filesUnder(fresh);
    const have = existsSync(committed) ? filesUnder(committed) : new Map<string, string>();
    return [...new Set([...want.keys(), ...have.keys()])]
      .filter((path) => want.get(path) !== have.get(path))
      .map((path) => `${folder}/${path}`);
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function regenerate(folder: string, generate: (outDir: string) => void): void {
  const outDir = join(ROOT, folder);
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  generate(outDir);
}

if (process.argv.includes('--check')) {
  const paths = Object.entries(TARGETS).flatMap(([folder, generate]) => drift(folder, generate));
  for (const path of paths) console.error(`${path} is out of date: run \`npm run gen\``);
  process.exitCode = paths.length === 0 ? 0 : 1;
} else {
  for (const [folder, generate] of Object.entries(TARGETS)) regenerate(folder, generate);
}
