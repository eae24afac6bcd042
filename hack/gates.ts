/** What `npm run check` asks of the tree. Each gate must be seen to bite: hack/plants.ts holds a violation of every one. */
import { spawn } from 'node:child_process';
import { importFindings } from './check-imports.ts';
import { treeFindings } from './check-tree.ts';
import { lockfileFindings } from './lockfile.ts';

/** `output` names the file of each fault. */
export type Verdict = { readonly isPassed: boolean; readonly output: string };
/** `root` is the repository, or a copy of it. */
export type Gate = { readonly name: string; readonly run: (root: string) => Promise<Verdict> };

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
export const GATES: readonly Gate[] = [
  { name: 'generated', run: command(process.execPath, 'hack/gen.ts', '--check') },
  { name: 'types', run: command('tsc', '--project', '.', '--pretty', 'false') },
  { name: 'types-console', run: command('tsc', '--project', 'console', '--pretty', 'false') },
  { name: 'lint', run: command('oxlint', '--format=unix') },
  { name: 'unused', run: command('knip', '--no-progress') },
  { name: 'proto', run: command('buf', 'lint', PROTO) },
  {
    name: 'proto-breaking',
    run: command('buf', 'breaking', PROTO, '--against', 'packages/api/baseline.binpb'),
  },
  { name: 'format', run: command('biome', 'format', '--colors=off', '--reporter=summary', '.') },
  { name: 'imports', run: findings(importFindings) },
  { name: 'lockfile', run: findings(lockfileFindings) },
  { name: 'tree', run: findings(treeFindings) },
];
