import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const IMPORT = "import { beforeAll, describe, expect, it } from 'vitest';\n";
const PASSES = "it('holds', () => { expect(1).toBe(1); });\n";
const BREAKS = "it('breaks', () => { expect(1).toBe(2); });\n";

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'streamhouse-test-'));
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(root, 'vitest.config.ts'), 'export default { test: { allowOnly: false } };\n');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs the test command over `files`: its exit code, its last line, and all of what it wrote. */
function run(files: Record<string, string>): { code: number | null; last: string; out: string } {
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(root, `${name}.test.ts`), IMPORT + body);
  }
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')),
  );
  const args = [join(import.meta.dirname, 'test.ts'), '--root', root];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  });
  return { code: status, last: stdout.trimEnd().split('\n').at(-1) ?? '', out: stdout };
}

it('counts what passed and what was left out, and succeeds', () => {
  const { code, last } = run({ good: `${PASSES}it['skip']('is left out', () => {});\n` });
  expect([code, last]).toEqual([0, '1 passed, 0 failed, 1 skipped']);
});

it('fails on a failed test and shows where', () => {
  const { code, last, out } = run({
    bad: `${PASSES}${BREAKS}`,
  });
  expect([code, last]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
  expect(out).toContain('bad.test.ts:3:');
});

it('counts a file that does not load, and a hook that throws, as failures', () => {
  const { code, last } = run({
    absent: "import './absent.ts';\n",
    hook: `${PASSES}${BREAKS}describe('a', () => { beforeAll(() => { throw new Error('no'); }); ${PASSES} });\n`,
  });
  expect([code, last]).toEqual([1, '1 passed, 3 failed, 1 skipped']);
});

it('fails on an error outside of every test', () => {
  const late =
    "it('ends', async () => { setTimeout(() => { throw new Error('late'); }, 0); await new Promise((r) => setTimeout(r, 50)); });\n";
  const { code, last } = run({ late });
  expect([code, last]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
});

it('fails when a worker dies, although no test failed', () => {
  const { code, last } = run({
    dies: `${PASSES}it('dies', () => { process.kill(process.pid, 'SIGKILL'); });\n`,
  });
  expect(code).toBe(1);
  expect(last).toMatch(/^\d+ passed, [1-9]\d* failed, 0 skipped$/);
});

it.each([
  ['no file matches', {}],
  ['a file holds no test', { empty: '' }],
  ['every test is left out', { idle: "it['skip']('is left out', () => {});\n" }],
  [
    'one test is singled out',
    { only: `${PASSES}it['only']('alone', () => { expect(1).toBe(1); });\n` },
  ],
])('fails when %s', (_, files) => {
  const { code, last } = run(files);
  expect(code).toBe(1);
  expect(last).toMatch(/^0 passed, \d+ failed, \d+ skipped$/);
});
