import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryHome } from './guard.ts';

test('the folder goes after whoever may still write into it, recorded or not', async () => {
  const home = await temporaryHome();
  const late = spawn('/bin/sh', ['-c', 'sleep 1; mkdir "$LATE"'], {
    env: { PATH: process.env['PATH'], LATE: join(home.path, 'late') },
    stdio: 'ignore',
  });
  const ended = once(late, 'exit');
  await home[Symbol.asyncDispose]();
  // Without a folder to write into it fails.
  expect(await ended).toEqual([0, null]);
  await expect(readdir(home.path)).rejects.toMatchObject({ code: 'ENOENT' });
});
