/** Where runs are kept: `.cache/chaos/<time>-seed-N/` of the project, the latest ones. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const RUNS_FOLDER: string = join(dirname(dirname(import.meta.dirname)), '.cache', 'chaos');
const RUNS_KEPT = 50;
const NAME = /^\d{8}T\d{6}-seed-\d+$/;

/** Makes the folder of a new run, and removes the oldest ones when there are too many. */
export async function newRunFolder(parent: string, seed: number, now: Date): Promise<string> {
  const time = now.toISOString().replace(/[-:]/g, '').slice(0, 15);
  const folder = join(parent, `${time}-seed-${seed}`);
  await mkdir(folder, { recursive: true });
  const runs = (await readdir(parent)).filter((name) => NAME.test(name)).toSorted();
  for (const name of runs.slice(0, -RUNS_KEPT))
    await rm(join(parent, name), { recursive: true, force: true });
  return folder;
}
