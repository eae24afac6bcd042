import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHome } from './home.ts';
import { processStart } from './process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamhouse-home-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function pidOfDeadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

test('refuses a second owner and names the pid of the first', async () => {
  await using _first = await openHome(folder);
  await expect(openHome(folder)).rejects.toThrow(
    `another StreamHouse (pid ${process.pid}) is using ${folder}`,
  );
});

test('is free again after its owner left', async () => {
  for (let round = 0; round < 3; round++) {
    await using _home = await openHome(folder);
  }
  expect((await readdir(folder)).filter((name) => name.startsWith('owner.'))).toEqual(['owner.3']);
});

test('is taken over from a dead owner', async () => {
  const pid = await pidOfDeadProcess();
  await writeFile(join(folder, 'owner.7'), JSON.stringify({ pid, start: 'long ago' }));
  await using _home = await openHome(folder);
  expect(await readdir(folder)).toEqual(['owner.8']);
});

test('is taken over when another process has the pid of the dead owner now', async () => {
  await writeFile(join(folder, 'owner.1'), JSON.stringify({ pid: process.ppid, start: 'earlier' }));
  await using _home = await openHome(folder);
  expect(await readdir(folder)).toEqual(['owner.2']);
});

test('is not taken from a live owner that has the highest number', async () => {
  const start = await processStart(process.ppid);
  await writeFile(join(folder, 'owner.10'), JSON.stringify({ pid: process.ppid, start }));
  await writeFile(join(folder, 'owner.9'), JSON.stringify({ pid: process.ppid, start: null }));
  await expect(openHome(folder)).rejects.toThrow(`pid ${process.ppid}`);
});

test('goes to exactly one of many that find a dead owner at the same moment', async () => {
  const pid = await pidOfDeadProcess();
  await writeFile(join(folder, 'owner.1'), JSON.stringify({ pid, start: 'long ago' }));
  const results = await Promise.allSettled(Array.from({ length: 30 }, () => openHome(folder)));
  const won = results.filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
  await won[0]?.value[Symbol.asyncDispose]();
});

test('can be removed by its owner before it leaves', async () => {
  const home = await openHome(join(folder, 'inner'));
  await rm(home.path, { recursive: true });
  await expect(home[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
