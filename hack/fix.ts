/** `npm run fix`: what the gates can repair by themselves. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { completeLockfile } from './lockfile.ts';

const cwd = join(import.meta.dirname, '..');
const FIXES = [
  ['oxlint', '--fix'],
  ['biome', 'format', '--write', '.'],
] as const;

for (const [command, ...args] of FIXES) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
completeLockfile(cwd);
