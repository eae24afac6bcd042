import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import { expect, test } from 'vitest';
import { newRunFolder } from './run-folders.ts';

test('a run has a folder of its own, and only the latest runs are kept', async () => {
  await using parent = await temporaryFolder();
  await writeFile(join(parent.path, 'note'), '');
  for (let second = 10; second < 60; second++)
    await mkdir(join(parent.path, `20250101T0000${second}-seed-1`));
  const folder = await newRunFolder(parent.path, 3, new Date('2025-01-02T03:04:05.678Z'));
  expect(folder).toBe(join(parent.path, '20250102T030405-seed-3'));
  const left = (await readdir(parent.path)).toSorted();
  expect(left).toHaveLength(51);
  expect(left[0]).toBe('20250101T000011-seed-1');
  expect(left).toContain('note');
});
