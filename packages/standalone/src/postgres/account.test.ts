import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.test-support.ts';
import { postgresFolder } from './account.ts';

const STRANGER = { uid: 54_321, gid: 54_321 };

let root: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
  root = await realpath(folder.path);
});
afterEach(() => folder[Symbol.asyncDispose]());

async function homeBelow(mode: number): Promise<string> {
  const home = join(root, 'private', 'home');
  await mkdir(home, { recursive: true });
  await chmod(join(root, 'private'), mode);
  await chmod(home, 0o711);
  return home;
}

test('stays in the home when the account can enter it', async () => {
  const home = await homeBelow(0o711);
  const place = await postgresFolder({
    home,
    account: STRANGER,
    fallbackFolder: join(root, 'var'),
  });
  expect(place).toBe(join(home, 'postgres'));
});

test('stays in a private home when it is our own account', async () => {
  const home = await homeBelow(0o700);
  expect(await postgresFolder({ home, account: undefined })).toBe(join(home, 'postgres'));
});

test('goes to the same place outside each time when a folder above the home is closed', async () => {
  const home = await homeBelow(0o700);
  const options = { home, account: STRANGER, fallbackFolder: join(root, 'var') };
  const place = await postgresFolder(options);
  expect(place).toMatch(/\/var\/home-[0-9a-f]{12}$/);
  expect((await stat(place)).mode & 0o777).toBe(0o755);
  expect(await postgresFolder(options)).toBe(place);
});

test('names the closed folder and the next step when there is no other place', async () => {
  const home = await homeBelow(0o700);
  const fallbackFolder = join(root, 'private', 'var');
  await expect(postgresFolder({ home, account: STRANGER, fallbackFolder })).rejects.toThrow(
    `user 54321 cannot enter ${join(root, 'private')}; start as another user, or choose a home`,
  );
});
