import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourceFiles } from '../../hack/source-files.ts';
import { applyPatch, INVARIANTS } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { patchedFiles } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
const MIGRATIONS = 'packages/store/migrations';
const FILES = new Set(sourceFiles(ROOT));

/** Stays empty. */
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase('empty');
});
afterAll(() => database[Symbol.asyncDispose]());

/** @throws when the patched file is no program: its tests would fail for that alone. */
async function parse(file: string, text: string): Promise<void> {
  if (file.endsWith('.sql')) await migrateWith(file, text);
  else stripTypeScriptTypes(text);
}

/** Runs every migration, the patched one in place of what it was, and takes them all back. */
async function migrateWith(patched: string, text: string): Promise<void> {
  await database.sql('BEGIN');
  try {
    for (const name of readdirSync(join(ROOT, MIGRATIONS)).toSorted()) {
      const file = `${MIGRATIONS}/${name}`;
      await database.sql(file === patched ? text : readFileSync(join(ROOT, file), 'utf8'));
    }
  } finally {
    await database.sql('ROLLBACK');
  }
}

describe('the list of mutants', () => {
  test.each(MUTANTS)('$id can be planted in the code as it is', async ({ patches }) => {
    for (const [file, text] of patchedFiles(ROOT, patches)) {
      expect(file).toMatch(/^(?:packages\/[a-z]+|agent|operator)\/(?:src|migrations)\//);
      expect(file).not.toMatch(/\.test(?:-support)?\.ts$/);
      await parse(file, text);
    }
  });

  test('names each mutant once, and only tests that are there', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    const words = MUTANTS.flatMap(({ killedBy }) => killedBy.flatMap(({ args }) => args));
    const missing = words.filter((word) => word.endsWith('.ts') && !FILES.has(word));
    expect(missing).toEqual([]);
  });

  test('breaks every invariant', () => {
    const broken = new Set(MUTANTS.flatMap(({ invariants }) => invariants));
    expect(INVARIANTS.filter((id) => !broken.has(id))).toEqual([]);
  });

  test('knows the invariants of ARCHITECTURE.md', () => {
    const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const ids = [...text.matchAll(/^\| (I-\d+) \|/gm)].map(([, id]) => id);
    expect(ids).toEqual([...INVARIANTS]);
  });
});

describe('a patch', () => {
  const patch = { file: 'a.ts', find: 'b', replace: 'x' };

  test('replaces its text where it stands', () => {
    expect(applyPatch('abc', patch)).toBe('axc');
  });

  test.each([
    ['ac', 'has 0 times'],
    ['abcb', 'has 2 times'],
  ])('does not apply to %j', (text, message) => {
    expect(() => applyPatch(text, patch)).toThrow(message);
  });
});

test('code that is no code is found', async () => {
  await expect(parse('a.ts', 'const a = ;')).rejects.toThrow();
  await expect(parse(`${MIGRATIONS}/0005-publish.sql`, 'CREATE FUNCTION')).rejects.toThrow();
});
