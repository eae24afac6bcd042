/**
 * `npm run build:console [-- --force]`: the console as the API serves it, in console/dist, unless it is there and made of the
 * same sources. Fails beyond the budget.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { build as Build } from 'vite';
import { sourceFiles } from '../source-files.ts';
import { budgetFindings } from './budget.ts';
import { DIST, ROOT, SETTINGS } from './settings.ts';

/** Sources and libraries that it was made of, by their paths in the repository: their licences go along. */
const MODULES = '.vite/modules.json';
const STAMP = 'sources.sha256';

/** What the build depends on: the console, the contract that it calls, and the versions of all libraries. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const made = /^(console|packages\/api\/src\/rest|hack\/console)\/|^package-lock\.json$/;
  for (const path of sourceFiles(ROOT).filter((path) => made.test(path)))
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  return hash.digest('hex');
}

function modulesOf(built: Awaited<ReturnType<typeof Build>>): string[] {
  const outputs = [built].flat().flatMap((result) => ('output' in result ? result.output : []));
  const ids = outputs.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  return ids.filter((id) => id.startsWith(ROOT)).map((id) => relative(ROOT, id));
}

/** Once, at its best, beside each file: the server sends it to whoever takes it. */
async function compress(assets: string): Promise<void> {
  for (const file of (await readdir(assets)).filter((name) => /\.(js|css)$/.test(name))) {
    const path = join(assets, file);
    await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
  }
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
  const built = await build({
    ...SETTINGS,
    build: { ...SETTINGS.build, outDir: made, emptyOutDir: true },
  });
  await writeFile(join(made, MODULES), JSON.stringify(modulesOf(built)));
  await compress(join(made, 'assets'));
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
