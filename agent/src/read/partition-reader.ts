/** Reads published batches of a held partition: the tail from what this agent wrote lately, older ones from the store. */
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { type Offset, offset } from '@streamhouse/core/ids.ts';
import { verifyRun } from '@streamhouse/core/object/run-crc.ts';
import { readBatchHeader } from '@streamhouse/core/record/batch-header.ts';
import type { LogStore, StoredRun } from '@streamhouse/store/metadata/log.ts';
import { LRUCache } from 'lru-cache';
import type { HeldPartition } from '../partition/held-partition.ts';
import type { BlockReader } from './block-reader.ts';
import type { ObjectCache } from './object-cache.ts';

/** Runs asked from Postgres at a time by a reader that is behind. */
const RUNS_PER_QUERY = 128;
/** Readers behind whose next runs are remembered between two fetches. */
const RUN_LISTS_MAX = 1000;

/** Whole batches in a row, in pieces. */
export interface ReadBatches {
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks. */
  readonly bytes: number;
  readonly records: number;
}

export const NOTHING: ReadBatches = { chunks: [], bytes: 0, records: 0 };

export class PartitionReader {
  readonly #log: LogStore;
  readonly #cache: ObjectCache;
  readonly #blocks: BlockReader;
  readonly #runLists = new LRUCache<string, readonly StoredRun[]>({ max: RUN_LISTS_MAX });

  constructor(log: LogStore, cache: ObjectCache, blocks: BlockReader) {
    this.#log = log;
    this.#cache = cache;
    this.#blocks = blocks;
  }

  /**
   * Whole batches from the one that holds `from` on, up to the high watermark, of about `bytesMax` bytes: at least one,
   * whatever its size. Empty at the high watermark.
   *
   * @throws StreamError `outOfRange` with `details.earliest` and `details.latest`; `corrupt` with the offsets lost.
   */
  async read(
    partition: HeldPartition,
    from: Offset,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<ReadBatches> {
    checkRange(partition, from);
    const end = partition.highWatermark;
    if (from === end) return NOTHING;
    const stored = await this.#runs(partition, from, signal);
    // Postgres is ahead of the mark while the answer to a publish is on its way, or lost.
    const readable = stored.filter((run) => run.baseOffset < end);
    const runs = withinBytes(readable, bytesMax);
    const read = await Promise.allSettled(runs.map((run) => this.#runBytes(partition, run)));
    const chunks: Uint8Array[] = [];
    let bytesLeft = bytesMax;
    let records = 0;
    for (const result of read) {
      if (result.status === 'rejected') {
        // I-21: what comes before the loss is not lost. The next read begins with it and tells.
        if (chunks.length > 0) break;
        throw result.reason;
      }
      const bytes = result.value;
      const { chunk, records: count } = cut(bytes, from, bytesLeft);
      if (chunks.length > 0 && chunk.length > bytesLeft) break;
      chunks.push(chunk);
      records += count;
      bytesLeft -= chunk.length;
      if (chunk.byteOffset + chunk.length < bytes.byteOffset + bytes.length) break;
    }
    return { chunks, bytes: bytesMax - bytesLeft, records };
  }

  async #runs(
    partition: HeldPartition,
    from: Offset,
    signal: AbortSignal,
  ): Promise<readonly StoredRun[]> {
    const recent = partition.recentRuns.from(from);
    if (recent !== undefined) return recent;
    const listKey = `${partition.key}@${partition.epoch}`;
    const known = this.#runLists.get(listKey);
    const index = known?.findIndex((run) => run.baseOffset <= from && from <= run.lastOffset) ?? -1;
    if (known !== undefined && index >= 0) return known.slice(index);
    const runs = await this.#log.runs(
      partition.topicId,
      partition.partition,
      from,
      RUNS_PER_QUERY,
      signal,
    );
    this.#runLists.set(listKey, runs);
    const first = runs[0];
    if (first === undefined || first.baseOffset > from) throw missing(partition, from, first);
    return runs;
  }

  async #runBytes(partition: HeldPartition, run: StoredRun): Promise<Uint8Array> {
    const object = this.#cache.get(run.objectKey);
    if (object !== undefined) return object.subarray(run.position, run.position + run.length);
    try {
      return await this.#storedBytes(partition, run);
    } catch (error) {
      if (!(error instanceof StreamError) || error.kind !== 'corrupt') throw error;
      // Once more past the cache: the store has the last word on what is lost (I-21).
      this.#blocks.forget(run.objectKey, run.position, run.length);
      return await this.#storedBytes(partition, run);
    }
  }

  async #storedBytes(partition: HeldPartition, run: StoredRun): Promise<Uint8Array> {
    try {
      const bytes = await this.#blocks.read(run.objectKey, run.position, run.length);
      verifyRun(partition, run, bytes, crc32c);
      return bytes;
    } catch (error) {
      if (error instanceof StreamError && error.reason === 'OBJECT_MISSING')
        throw missingObject(partition, run, error);
      throw error;
    }
  }
}

/**
 * `from` as an offset of the partition's readable range, its end included. Never rounded: what is no safe integer is outside.
 *
 * @throws StreamError `outOfRange` with `details.earliest` and `details.latest`.
 */
export function checkRange(partition: HeldPartition, from: number): Offset {
  const isThere = from >= partition.logStartOffset && from <= partition.highWatermark;
  if (isThere && Number.isSafeInteger(from)) return offset(from);
  const [earliest, latest] = [String(partition.logStartOffset), String(partition.highWatermark)];
  throw new StreamError(
    'outOfRange',
    'OFFSET_OUT_OF_RANGE',
    `offset ${from} is outside ${earliest}..${latest} of partition ${partition.partition}`,
    { details: { field: 'offset', earliest, latest } },
  );
}

/** The first runs that together have about `bytesMax` bytes, so that they are fetched side by side. */
function withinBytes(runs: readonly StoredRun[], bytesMax: number): readonly StoredRun[] {
  let bytes = 0;
  const end = runs.findIndex((run) => {
    bytes += run.length;
    return bytes >= bytesMax;
  });
  return end === -1 ? runs : runs.slice(0, end + 1);
}

/** Batches from the one that holds `from`, as many as fit into `bytesMax`, at least one. */
function cut(
  run: Uint8Array,
  from: Offset,
  bytesMax: number,
): { readonly chunk: Uint8Array; readonly records: number } {
  let start = 0;
  let end = 0;
  let records = 0;
  while (end < run.length) {
    const header = readBatchHeader(run, end);
    const next = end + header.batchLength;
    if (header.baseOffset + header.lastOffsetDelta < from) start = next;
    else if (end > start && next - start > bytesMax) break;
    else records += header.recordCount;
    end = next;
  }
  return { chunk: run.subarray(start, end), records };
}

function missing(partition: HeldPartition, from: Offset, next: StoredRun | undefined): StreamError {
  const end = next?.baseOffset ?? partition.highWatermark;
  return lost(partition, from, end - 1, 'RUN_MISSING', undefined);
}

function missingObject(partition: HeldPartition, run: StoredRun, cause: unknown): StreamError {
  return lost(partition, run.baseOffset, run.lastOffset, 'OBJECT_MISSING', cause);
}

function lost(
  partition: HeldPartition,
  first: number,
  last: number,
  reason: string,
  cause: unknown,
): StreamError {
  return new StreamError(
    'corrupt',
    reason,
    `offsets ${first}..${last} of partition ${partition.partition} are lost: seek to ${last + 1} to go on`,
    {
      cause,
      details: {
        topicId: partition.topicId,
        partition: String(partition.partition),
        baseOffset: String(first),
        lastOffset: String(last),
      },
    },
  );
}
