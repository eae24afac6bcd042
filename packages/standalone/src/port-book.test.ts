import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PortBook } from './port-book.ts';
import { temporaryFolder } from './testing/temporary-folder.test-support.ts';

test('knows the ports of agents after a restart', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ports.json');
  const book = await PortBook.open(file);
  await Promise.all([book.remember('a', [1, 2]), book.remember('b', [3, 4])]);
  await book.remember('a', [5, 6]);
  const again = await PortBook.open(file);
  expect([again.of('a'), again.of('b'), again.of('c')]).toEqual([[5, 6], [3, 4], undefined]);
});

test.each(['', '{', '[]', '{"a":[1]}', '{"a":[0,70000]}', 'null'])(
  'takes nothing from a file that is not whole: %s',
  async (text) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'ports.json');
    await writeFile(file, text);
    expect((await PortBook.open(file)).of('a')).toBeUndefined();
  },
);
