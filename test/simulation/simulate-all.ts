/** Seeds in a row on all cores: a run depends on its seed only, so it is the same on whichever thread. */
import { on } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SeedThreadData } from './seed-thread.ts';
import type { RunResult } from './simulate.ts';

export interface SeedRange {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Lines of each trace to keep, the newest ones. */
  readonly traceLinesMax: number;
  readonly threads?: number;
}

/** Yields in the order of the seeds. Who stops asking ends the threads. */
export async function* simulateAll(range: SeedRange): AsyncGenerator<RunResult, void, undefined> {
  const { firstSeed, seeds, traceLinesMax } = range;
  const stride = Math.min(seeds, range.threads ?? availableParallelism());
  const endSeed = firstSeed + seeds;
  const workers = Array.from({ length: stride }, (_, index) => {
    const workerData: SeedThreadData = {
      ...{ firstSeed: firstSeed + index, stride, endSeed, traceLinesMax },
    };
    return new Worker(new URL('./seed-thread.ts', import.meta.url), { workerData });
  });
  try {
    const runs = workers.map((worker) => on(worker, 'message') as AsyncIterator<[RunResult]>);
    for (let turn = 0; turn < seeds; turn++) {
      const result = await runs[turn % stride]?.next();
      if (result?.done === false) yield result.value[0];
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
