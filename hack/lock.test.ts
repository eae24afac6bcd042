import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { whileLocked } from './lock.ts';

const NEVER = new AbortController().signal;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamhouse-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('lets nobody else work before the holder is done, and leaves nothing', async () => {
  const path = join(folder, 'lock');
  const gate = Promise.withResolvers<string>();
  const began = Promise.withResolvers<void>();
  const first = whileLocked(path, NEVER, () => {
    began.resolve();
    return gate.promise;
  });
  await began.promise;
  const soon = AbortSignal.timeout(200);
  await expect(whileLocked(path, soon, async () => 'second')).rejects.toThrow('timeout');
  gate.resolve('first');
  expect(await first).toBe('first');
  expect(await whileLocked(path, NEVER, async () => 'third')).toBe('third');
  expect(await readdir(folder)).toEqual([]);
});

it('frees the lock when the work fails', async () => {
  const path = join(folder, 'lock');
  const work = whileLocked(path, NEVER, () => Promise.reject(new Error('no')));
  await expect(work).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

it('takes over from a holder that died, and waits for one that lives', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, 'of another');
  const wait = whileLocked(path, AbortSignal.timeout(200), async () => 'ours');
  await expect(wait).rejects.toThrow('timeout');
  await utimes(path, 0, 0);
  expect(await whileLocked(path, NEVER, async () => 'ours')).toBe('ours');
});
