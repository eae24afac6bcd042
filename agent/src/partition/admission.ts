/** The way of one batch from a producer into the log: checks first, room second, the partition last. */
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Offset } from '@streamhouse/core/ids.ts';
import type { BatchHeader } from '@streamhouse/core/record/batch-header.ts';
import { validateBatch, validateBatchRecords } from '@streamhouse/core/record/validate.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import type { HeldPartition } from './held-partition.ts';

/** What a producer asks for; `topic` is what the topic itself says. */
export type AcknowledgeAt = 'published' | 'accepted' | 'topic';

/** Milliseconds after which an agent whose lease lapsed may have it back. */
const LAPSED_RETRY_MS = 200;

/**
 * Appends one encoded batch. `reply` is called once, with its base offset when it is acknowledged or with why it is not in
 * the log. Resolves when the next batch may come: at once, or when there is room again.
 */
export async function admitBatch(
  life: RunningIncarnation,
  partition: HeldPartition,
  bytes: Uint8Array,
  acknowledge: AcknowledgeAt,
  reply: (result: Offset | StreamError) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (!life.isServing()) throw lapsed();
    while (life.checks.isSpent) await life.checks.nextTurn();
    const header = life.checks.run(() => check(bytes));
    if (!life.budget.tryTake(bytes.length)) {
      // A life that ends gives nothing back: who waits must not wait for ever.
      await life.budget.take(bytes.length, AbortSignal.any([signal, life.over]));
    }
    const isAccepted = partition.append({
      bytes,
      header,
      acknowledge: resolve(life, partition, acknowledge),
      reply,
    });
    if (isAccepted) life.flusher.appended(partition, bytes.length);
    else life.budget.give(bytes.length);
  } catch (error) {
    reply(toStreamError(error));
  }
}

function check(bytes: Uint8Array): BatchHeader {
  const header = validateBatch(bytes, crc32c);
  validateBatchRecords(bytes, header, nativeCompression);
  return header;
}

function resolve(
  life: RunningIncarnation,
  partition: HeldPartition,
  acknowledge: AcknowledgeAt,
): 'published' | 'accepted' {
  if (acknowledge !== 'topic') return acknowledge;
  const topic = life.view.snapshot.topicsById.get(partition.topicId);
  return topic?.durability === 'memory' ? 'accepted' : 'published';
}

function lapsed(): StreamError {
  return new StreamError(
    'unavailable',
    'LEASE_LAPSED',
    'the agent cannot renew its session: try again',
    {
      retryAfterMs: LAPSED_RETRY_MS,
    },
  );
}
