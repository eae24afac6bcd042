import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys } from '../http/identity/api-keys.ts';

const PROGRAM = join(import.meta.dirname, 'main.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(words: readonly string[], input = '') {
  const child = spawn(process.execPath, [PROGRAM, ...words]);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}

test('adds keys to a file that only its owner reads, and shows each once', async () => {
  const file = join(folder, 'keys.json');
  const words = ['--file', file, '--scopes', 'topics:read,records:write'];
  const one = await run([...words, '--name', 'one']);
  const two = await run([...words, '--name', 'two', '--days', '30']);
  expect([one.exitCode, two.exitCode]).toEqual([0, 0]);
  const content = await readFile(file, 'utf8');
  const keys = new ApiKeys(content);
  for (const [name, { stdout }] of Object.entries({ one, two })) {
    const scopes = new Set(['topics:read', 'records:write']);
    expect(keys.principal(stdout.trim(), Date.now())).toMatchObject({ name, scopes });
    expect(content).not.toContain(stdout.trim().split('_')[2]);
  }
  expect(keys.principal(two.stdout.trim(), Date.now() + 31 * 86_400_000)).toBeUndefined();
  expect((await stat(file)).mode & 0o077).toBe(0);
});

test('takes the keys from one stream and gives them to another, and the new one to neither', async () => {
  const words = ['--file', '-', '--scopes', 'topics:read'];
  const one = await run([...words, '--name', 'one'], '\n');
  const two = await run([...words, '--name', 'two'], one.stdout);
  const keys = new ApiKeys(two.stdout);
  for (const [name, { stderr }] of Object.entries({ one, two })) {
    expect(keys.principal(stderr.trim(), Date.now())).toMatchObject({ name });
    expect(two.stdout).not.toContain(stderr.trim().split('_')[2]);
  }
});

test.each([
  ['a file that is none', ['--file', '-', '--name', 'one', '--scopes', 'topics:read'], 'not JSON'],
  ['a scope that there is not', ['--file', '-', '--name', 'x', '--scopes', 'all'], '"all" is no'],
  ['no name', ['--file', '-', '--scopes', 'topics:read'], '--name'],
])('refuses %s and gives nothing', async (_, words, why) => {
  const { exitCode, stdout, stderr } = await run(words, 'something');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain(why);
});
