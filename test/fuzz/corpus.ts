/**
 * The corpus: `corpus/<target>/<name>.bin`. Seeds are real encodings that `npm run fuzz -- --write-corpus` makes; what a
 * fuzzer has found stands beside them as `found-<what>.bin` and is kept for good.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FuzzTarget } from './target.ts';

const ROOT = join(import.meta.dirname, 'corpus');
const ENDING = '.bin';

export async function readCorpus({ name }: FuzzTarget): Promise<readonly Buffer[]> {
  const files = (await readdir(join(ROOT, name))).filter((file) => file.endsWith(ENDING));
  return await Promise.all(files.toSorted().map((file) => readFile(join(ROOT, name, file))));
}

export async function writeCorpus(target: FuzzTarget): Promise<void> {
  const folder = join(ROOT, target.name);
  await mkdir(folder, { recursive: true });
  for (const { name, bytes } of target.seeds()) {
    await writeFile(join(folder, `${name}${ENDING}`), bytes);
  }
}
