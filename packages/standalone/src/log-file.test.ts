import { appendFile, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { boundLogFile, lastLines } from './log-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamhouse-log-'));
  path = join(folder, 'agent-0.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('gives the last lines, without empty ones', async () => {
  await appendFile(path, 'one\ntwo\n\nthree\n');
  expect(await lastLines(path, 2)).toEqual(['two', 'three']);
});

test('gives nothing of a file that is not there', async () => {
  expect(await lastLines(path, 2)).toEqual([]);
});

test('moves a long file away under a writer, who goes on at the start', async () => {
  await using writer = await open(path, 'a');
  await writer.write('a long story');
  await boundLogFile(path, 5);
  await writer.write('more');
  expect(await readFile(`${path}.1`, 'utf8')).toBe('a long story');
  expect(await readFile(path, 'utf8')).toBe('more');
  await boundLogFile(path, 5);
  expect(await readFile(path, 'utf8')).toBe('more');
});
