/**
 * `npm run build:console [-- --force]`: the console as the API serves it, in console/dist, unless it is there and made of the
 * same sources. Fails beyond the budget.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceFiles } from '../source-files.ts';
import { budgetFindings } from './budget.ts';
import { DIST, ROOT, SETTINGS } from './settings.ts';

const STAMP = 'sources.sha256';

/** What the build depends on: the console, the contract that it calls, and the versions of all libraries. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const made = /^(console|packages\/api\/src\/rest|hack\/console)\/|^package-lock\.json$/;
  for (const path of sourceFiles(ROOT).filter((path) => made.test(path)))
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  return hash.digest('hex');
}

/** Resolves what is over the budget, one line each. */
async function buildConsole(isForced: boolean): Promise<readonly string[]> {
  const stamp = join(DIST, STAMP);
  const sources = fingerprint();
  const isFresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
  if (isFresh && !isForced) return [];
  // Loaded only now: a start with nothing to build does not wait for it.
  const { build } = await import('vite');
  const made = join(ROOT, `.cache/console-${process.pid}`);
  await build({ ...SETTINGS, build: { ...SETTINGS.build, outDir: made, emptyOutDir: true } });
  const findings = budgetFindings(made);
  if (findings.length === 0) await writeFile(join(made, STAMP), sources);
  await rm(DIST, { recursive: true, force: true });
  await rename(made, DIST);
  return findings;
}

// Whoever runs it, with whatever around: what is built is what people get.
process.env['NODE_ENV'] = 'production';
const findings = await buildConsole(process.argv.includes('--force'));
for (const finding of findings) console.error(finding);
process.exitCode = findings.length === 0 ? 0 : 1;
