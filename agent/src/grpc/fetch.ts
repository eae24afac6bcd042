/** What a fetch answers, now or once there is something. */
import type { FetchedPartition } from '@streamhouse/api/gen/streamhouse/v1/FetchedPartition.ts';
import type { FetchPartition__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchPartition.ts';
import type { FetchRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchRequest.ts';
import type { FetchResponse } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import type { HeldPartition } from '../partition/held-partition.ts';
import { checkRange, NOTHING } from '../read/partition-reader.ts';
import { errorMessage, type ServiceContext } from './call.ts';
import { checkCount, clamp, findHeld } from './validate.ts';

/** Partitions read side by side for one fetch: what their first batches may take beyond the bytes asked for is bounded. */
const PARTITIONS_AT_A_TIME = 32;
const NO_BATCHES = Buffer.alloc(0);

/** Waits for the bytes asked for, or as long as the caller would. */
export async function fetch(
  context: ServiceContext,
  request: FetchRequest__Output,
  signal: AbortSignal,
): Promise<FetchResponse> {
  const life = context.current();
  const asked = checkCount('partitions', request.partitions, LIMITS.requestPartitionsMax);
  const bytesMax = clamp(request.maxBytes || LIMITS.fetchBytesMax, 1, LIMITS.fetchBytesMax);
  const bytesMin = clamp(request.minBytes, 1, bytesMax);
  const deadlineMs = life.clock.monotonicMs() + clamp(request.maxWaitMs, 0, LIMITS.fetchWaitMsMax);
  for (;;) {
    const result = await fetchOnce(context, life, asked, bytesMax, signal);
    const leftMs = deadlineMs - life.clock.monotonicMs();
    const isEnough = result.bytes >= bytesMin || result.hasErrors || leftMs <= 0;
    // Once it is over nothing is waited for any more: going on would keep the event loop from everyone else (I-41).
    if (isEnough || life.over.aborted) {
      result.count();
      return { partitions: result.partitions };
    }
    signal.throwIfAborted();
    await untilReadable(life, asked, result.partitions, leftMs, signal);
  }
}

export interface FetchResult {
  readonly partitions: FetchedPartition[];
  readonly bytes: number;
  readonly hasErrors: boolean;
  /** Counts what is in it. For whoever sends it: what is read and not sent is read again. */
  readonly count: () => void;
}

/**
 * What can be read now. Every partition gets the same share, so that one far behind does not keep the others waiting and
 * those written together are read together, from the same blocks. What does not fit comes back empty.
 */
export async function fetchOnce(
  context: ServiceContext,
  life: RunningIncarnation,
  asked: readonly FetchPartition__Output[],
  bytesMax: number,
  signal: AbortSignal,
): Promise<FetchResult> {
  const partitions: FetchedPartition[] = [];
  const parts: ReadPartition[] = [];
  let bytes = 0;
  let hasErrors = false;
  const sinceMs = life.clock.monotonicMs();
  const share = Math.ceil(bytesMax / Math.max(1, readableCount(life, asked)));
  for (let start = 0; start < asked.length; start += PARTITIONS_AT_A_TIME) {
    const shareLeft = Math.min(share, bytesMax - bytes);
    const group = asked.slice(start, start + PARTITIONS_AT_A_TIME);
    const read = await Promise.allSettled(
      group.map((one) => fetchPartition(life, one, shareLeft, signal)),
    );
    for (const [index, result] of read.entries()) {
      if (result.status === 'rejected') {
        hasErrors = true;
        const { topicId, partition } = group[index] as FetchPartition__Output;
        partitions.push({ topicId, partition, error: errorMessage(result.reason, context.log) });
      } else if (bytes >= bytesMax) {
        partitions.push({ ...result.value.fetched, recordBatches: NO_BATCHES });
      } else {
        const { fetched } = result.value;
        bytes += fetched.recordBatches.length;
        parts.push(result.value);
        partitions.push(fetched);
      }
    }
  }
  const tookMs = life.clock.monotonicMs() - sinceMs;
  const count = (): void => {
    context.metrics.countFetched(bytes);
    if (bytes > 0) life.flow.observeFetch(tookMs);
    for (const { topicId, records, fetched } of parts) {
      if (records > 0) life.flow.countFetched(topicId, records, fetched.recordBatches.length);
    }
  };
  return { partitions, bytes, hasErrors, count };
}

function readableCount(life: RunningIncarnation, asked: readonly FetchPartition__Output[]): number {
  return asked.filter((one) => (findIfHeld(life, one)?.highWatermark ?? 0) > one.offset).length;
}

interface ReadPartition {
  readonly fetched: FetchedPartition & { readonly recordBatches: Buffer };
  readonly topicId: TopicId;
  readonly records: number;
}

async function fetchPartition(
  life: RunningIncarnation,
  asked: FetchPartition__Output,
  bytesMax: number,
  signal: AbortSignal,
): Promise<ReadPartition> {
  const held = findHeld(life, asked.topicId, asked.partition);
  // I-16: past what it knows there may be records of a later holder.
  if (asked.offset > held.highWatermark) life.checkServing();
  const from = checkRange(held, asked.offset);
  // The range first: what is published while the bytes are read must not count as read (I-16).
  const { logStartOffset, highWatermark } = held;
  const { chunks, records } =
    bytesMax > 0 ? await life.reader.read(held, from, bytesMax, signal) : NOTHING;
  return {
    fetched: {
      topicId: asked.topicId,
      partition: asked.partition,
      logStartOffset,
      highWatermark,
      recordBatches: asOneBuffer(chunks),
    },
    topicId: held.topicId,
    records,
  };
}

function asOneBuffer(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks;
  if (chunks.length !== 1 || only === undefined) return Buffer.concat(chunks);
  return Buffer.from(only.buffer, only.byteOffset, only.length);
}

/** Resolves when more than what was seen can be read from one of the partitions, or the time is over. */
export async function untilReadable(
  life: RunningIncarnation,
  asked: readonly FetchPartition__Output[],
  seen: readonly FetchedPartition[],
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const undo: (() => void)[] = [];
    const wake = (): void => {
      for (const step of undo) step();
      resolve();
    };
    const ends = AbortSignal.any([signal, life.over]);
    ends.addEventListener('abort', wake, { once: true });
    undo.push(() => ends.removeEventListener('abort', wake), life.clock.schedule(waitMs, wake));
    for (const [index, one] of asked.entries()) {
      const held = findIfHeld(life, one);
      if (held === undefined || held.highWatermark !== seen[index]?.highWatermark) {
        // Lost or grown since it was looked at.
        queueMicrotask(wake);
        return;
      }
      undo.push(held.onReadable(wake));
    }
    if (ends.aborted) queueMicrotask(wake);
  });
}

function findIfHeld(
  life: RunningIncarnation,
  asked: FetchPartition__Output,
): HeldPartition | undefined {
  try {
    return findHeld(life, asked.topicId, asked.partition);
  } catch {
    return undefined; // The next look tells the caller why.
  }
}
