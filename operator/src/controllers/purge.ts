/**
 * What deleted topics leave behind, once their grace is over: rows first, then the objects that nothing names any more. An object
 * that was named when it was deleted would be lost records; one that is deleted late is only bytes.
 */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { OperatorEpoch, OperatorStore } from '@streamhouse/store/metadata/operator.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { LeaderTerm } from './controller.ts';

const EVERY_MS = 60_000;
/** Between steps: each one locks what claims lock. */
const PAUSE_MS = 50;
/** Longer than any read that began when the object was still named. */
const OBJECT_GRACE_MS = 600_000;

export interface PurgeOptions {
  readonly store: OperatorStore;
  /** Without one, objects stay and are named again to whoever has one. */
  readonly objects: ObjectStore | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: OperatorMetrics;
  readonly onError: (error: unknown, name: string) => void;
}

/** Runs until the term ends. Never rejects; `onError` is told of what it cannot do. */
export async function runPurge(options: PurgeOptions, term: LeaderTerm): Promise<void> {
  const { clock, random, onError } = options;
  await runLoop(
    { name: 'purge', everyMs: EVERY_MS, jitter: 0.1, clock, random, signal: term.stop, onError },
    async (signal) => {
      const epoch = await term.epoch(signal);
      await purgeRows(options, epoch, signal);
      await deleteGarbage(options, epoch, signal);
    },
  );
}

async function purgeRows(
  { store, clock, metrics }: PurgeOptions,
  epoch: OperatorEpoch,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { rows, hasMore } = await store.purge(epoch, LIMITS.purgeRowsMax, signal);
    metrics.countPurgedRows(rows);
    if (!hasMore) return;
    await delay(clock, PAUSE_MS, signal);
  }
}

async function deleteGarbage(
  { store, objects, metrics }: PurgeOptions,
  epoch: OperatorEpoch,
  signal: AbortSignal,
): Promise<void> {
  if (objects === undefined) return;
  for (;;) {
    const keys = await store.garbage(OBJECT_GRACE_MS, LIMITS.purgeObjectsMax, signal);
    if (keys.length === 0) return;
    await Promise.all(keys.map((key) => objects.delete(key, { signal })));
    metrics.countPurgedObjects(await store.forget(epoch, keys, signal));
  }
}
