/** A thread of the command: simulates its share of the seeds, one after the other, and tells each run. */
import { parentPort, workerData } from 'node:worker_threads';
import { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { simulate } from './simulate.ts';

export interface SeedThreadData {
  readonly firstSeed: number;
  /** From one of its seeds to the next one. */
  readonly stride: number;
  /** Exclusive. */
  readonly endSeed: number;
  readonly traceLinesMax: number;
}

const { firstSeed, stride, endSeed, traceLinesMax } = workerData as SeedThreadData;
const metrics = new AgentMetrics();
for (let seed = firstSeed; seed < endSeed; seed += stride)
  parentPort?.postMessage(await simulate({ seed, metrics, traceLinesMax }));
