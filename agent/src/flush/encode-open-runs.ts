import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { encodeObject } from '@streamhouse/core/object/wal-object.ts';
import type { PublishRun } from '@streamhouse/store/metadata/log.ts';
import type { HeldPartition, OpenRun } from '../partition/held-partition.ts';

export interface SealedBytes {
  readonly bytes: Uint8Array;
  /** As the publish wants them: sorted by (topicId, partition). */
  readonly runs: readonly PublishRun[];
  /** The partition of each run. */
  readonly partitions: readonly HeldPartition[];
}

/** Lays the open runs of an agent out as one object. */
export function encodeOpenRuns(openRuns: readonly OpenRun[]): SealedBytes {
  const byKey = new Map(openRuns.map((run) => [run.partition.key, run]));
  const encoded = encodeObject(
    openRuns.map((run) => ({
      topicId: run.partition.topicId,
      partition: run.partition.partition,
      epoch: run.partition.epoch,
      baseOffset: run.baseOffset,
      batches: run.batches.map((batch) => batch.bytes),
    })),
    crc32c,
  );
  const partitions: HeldPartition[] = [];
  const runs = encoded.runs.map((layout): PublishRun => {
    const open = byKey.get(`${layout.topicId}/${layout.partition}`);
    if (open === undefined) throw new Error('an object has a run that was not put into it');
    partitions.push(open.partition);
    // The layout knows the producers of this run only; the publish stores all that the partition remembers of them.
    return { ...layout, producers: open.producers };
  });
  return { bytes: encoded.bytes, runs, partitions };
}
