/**
 * The batches of one partition on their way to its holder: what is sent, in which order, with which sequence, and what
 * an answer means. Pure: the shell carries batches and answers, and asks again when time has passed.
 *
 *   waiting ──take──▶ in flight ──acknowledged──▶ settled, in the order of the batches (I-13)
 *      ▲                  │
 *      └──── go back ─────┘  a refusal or a lost stream sends that batch and all after it again, same sequences
 *
 * A sequence names one batch for ever. Once a batch has failed for good, the sequences behind it would be a gap, and to
 * use its own again could make a late copy of it look like another batch; so the partition goes on under a new producer
 * identity from sequence 0 (docs/adr/0010-producer-sequences.md). A batch whose outcome is unknown is never sent under a
 * second identity: it would be written twice.
 *
 * The state belongs to the machine and is changed in place. The same calls give the same answers.
 */
import { backoffDelayMs, type RetryOptions } from '@streamhouse/core/async/retry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { ProducerId } from '@streamhouse/core/ids.ts';

export interface ProducerIdentity {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
}

export interface QueueableBatch {
  readonly recordCount: number;
  /** Monotonic milliseconds after which it fails. Never less than that of the batch before. */
  readonly deadlineMs: number;
}

/** A batch in the queue, and the handle by which answers find it. */
export interface QueueEntry<B extends QueueableBatch> {
  readonly batch: B;
  /** Undefined until it is first sent. */
  identity: ProducerIdentity | undefined;
  baseSequence: number;
  /** Which going back it was last sent after: a refusal of an earlier round says nothing about now. */
  round: number;
  /** Times it was sent and not definitely refused. Above 0 it may be written. */
  unresolved: number;
  /** Whether it may be written in the log of a deleted topic that had this name: somebody may have read it there. */
  mayBeInOldLog: boolean;
  baseOffset: number | undefined;
  lastError: StreamError | undefined;
  isSettled: boolean;
  wasOutOfOrderAsHead: boolean;
}

export interface PartitionQueueState<B extends QueueableBatch> {
  /** In the order of sending: the first `inFlight` are with the holder. */
  readonly entries: QueueEntry<B>[];
  inFlight: number;
  identity: ProducerIdentity | undefined;
  nextSequence: number;
  round: number;
  /** Goings back since the last acknowledgement. */
  failures: number;
  /** Monotonic milliseconds before which nothing is sent. */
  retryAtMs: number;
  fatal: StreamError | undefined;
}

export type PartitionQueueEvent<B extends QueueableBatch> =
  | { readonly type: 'enqueued'; readonly batch: B }
  | { readonly type: 'identified'; readonly identity: ProducerIdentity }
  | { readonly type: 'acknowledged'; readonly entry: QueueEntry<B>; readonly baseOffset: number }
  | {
      readonly type: 'refused';
      readonly entry: QueueEntry<B>;
      readonly round: number;
      readonly error: StreamError;
    }
  /** The stream it was sent on broke: what became of it is unknown. */
  | {
      readonly type: 'lost';
      readonly entry: QueueEntry<B>;
      readonly round: number;
      readonly error: StreamError;
    }
  /** The partition has another holder. */
  | { readonly type: 'moved' }
  /** The topic was deleted and made again: this is another log, and what the old one had is gone. */
  | { readonly type: 'replaced' }
  /** Time has passed: fail what is overdue. */
  | { readonly type: 'expired' }
  /** Nothing more will come: fail everything. */
  | { readonly type: 'abandoned'; readonly error: StreamError };

export type PartitionQueueEffect<B extends QueueableBatch> =
  | { readonly type: 'settle'; readonly batch: B; readonly baseOffset: number }
  | { readonly type: 'fail'; readonly batch: B; readonly error: StreamError }
  /** Ask for a new identity and answer with `identified`. */
  | { readonly type: 'identify' }
  | { readonly type: 'refreshMetadata' };

export type BackoffOptions = Pick<RetryOptions, 'backoffMs' | 'backoffMaxMs' | 'random'>;

const SEQUENCES = 0x80000000;
/** Overloaded by kind, but the same bytes will always be too large. */
const NEVER_FITS: ReadonlySet<string> = new Set(['RECORD_TOO_LARGE', 'BATCH_TOO_LARGE']);

export function openPartitionQueue<B extends QueueableBatch>(
  identity: ProducerIdentity | undefined,
): PartitionQueueState<B> {
  return {
    entries: [],
    inFlight: 0,
    identity,
    nextSequence: 0,
    round: 0,
    failures: 0,
    retryAtMs: 0,
    fatal: undefined,
  };
}

/**
 * Moves what may be sent now into flight, in order, with sequences given where they are missing. The caller must send
 * all of it, in this order, on one stream to the holder.
 */
export function takeSendable<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  inFlightMax: number,
  nowMs: number,
): QueueEntry<B>[] {
  const taken: QueueEntry<B>[] = [];
  if (nowMs < state.retryAtMs) return taken;
  while (state.inFlight < inFlightMax) {
    const entry = state.entries[state.inFlight];
    if (entry === undefined) break;
    if (entry.baseOffset === undefined) {
      if (entry.identity === undefined && !giveSequence(state, entry)) break;
      entry.round = state.round;
      entry.unresolved++;
      taken.push(entry);
    }
    state.inFlight++;
  }
  return taken;
}

/** False while the entry must wait: for an identity, or for everything sent under the identity before. */
function giveSequence<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  entry: QueueEntry<B>,
): boolean {
  const before = state.entries[state.inFlight - 1];
  if (state.identity === undefined) return false;
  if (before !== undefined && before.identity !== state.identity) return false;
  entry.identity = state.identity;
  entry.baseSequence = state.nextSequence;
  state.nextSequence = (state.nextSequence + entry.batch.recordCount) % SEQUENCES;
  return true;
}

export function stepPartitionQueue<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  event: PartitionQueueEvent<B>,
  nowMs: number,
  backoff: BackoffOptions,
): PartitionQueueEffect<B>[] {
  switch (event.type) {
    case 'enqueued':
      return enqueue(state, event.batch);
    case 'identified':
      state.identity = event.identity;
      state.nextSequence = 0;
      return [];
    case 'acknowledged':
      return acknowledge(state, event.entry, event.baseOffset);
    case 'refused':
      return refuse(state, event, nowMs, backoff);
    case 'lost':
      if (!isCurrent(state, event.entry, event.round)) return [];
      event.entry.lastError = event.error;
      goBack(state, state.entries.indexOf(event.entry), nowMs, backoff);
      return [{ type: 'refreshMetadata' }];
    case 'moved':
      state.inFlight = 0;
      state.round++;
      state.retryAtMs = 0;
      return [];
    case 'replaced':
      return replace(state);
    case 'expired':
      return expire(state, nowMs);
    case 'abandoned':
      return abandon(state, event.error);
  }
}

function enqueue<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  batch: B,
): PartitionQueueEffect<B>[] {
  if (state.fatal !== undefined) return [{ type: 'fail', batch, error: state.fatal }];
  state.entries.push(newEntry(batch, undefined, false));
  return [];
}

function newEntry<B extends QueueableBatch>(
  batch: B,
  lastError: StreamError | undefined,
  mayBeInOldLog: boolean,
): QueueEntry<B> {
  return {
    batch,
    identity: undefined,
    baseSequence: 0,
    round: -1,
    unresolved: 0,
    mayBeInOldLog,
    baseOffset: undefined,
    lastError,
    isSettled: false,
    wasOutOfOrderAsHead: false,
  };
}

/** An acknowledgement holds whenever and from wherever it comes: one sequence is written once. */
function acknowledge<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  entry: QueueEntry<B>,
  baseOffset: number,
): PartitionQueueEffect<B>[] {
  entry.baseOffset = baseOffset;
  state.failures = 0;
  return settleHeads(state);
}

function settleHeads<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
): PartitionQueueEffect<B>[] {
  const effects: PartitionQueueEffect<B>[] = [];
  for (;;) {
    const head = state.entries[0];
    if (head?.baseOffset === undefined) return effects;
    remove(state, 0);
    effects.push({ type: 'settle', batch: head.batch, baseOffset: head.baseOffset });
  }
}

function remove<B extends QueueableBatch>(state: PartitionQueueState<B>, index: number): void {
  const [entry] = state.entries.splice(index, 1);
  if (entry !== undefined) entry.isSettled = true;
  if (index < state.inFlight) state.inFlight--;
}

type RefusedEvent<B extends QueueableBatch> = Extract<
  PartitionQueueEvent<B>,
  { readonly type: 'refused' }
>;

/** What a refusal asks for. */
type RefusalAction = 'retry' | 'renumber' | 'fail' | 'stop';

/** Whether a refusal of this kind proves that the batch was not written by the attempt it answers. */
function isDefinite(error: StreamError): boolean {
  return (
    error.kind !== 'indefinite' &&
    error.kind !== 'internal' &&
    error.reason !== 'DUPLICATE_SEQUENCE'
  );
}

function classifyRefusal(
  error: StreamError,
  facts: {
    readonly isHead: boolean;
    readonly wasOutOfOrderAsHead: boolean;
    readonly isUnwritten: boolean;
  },
): RefusalAction {
  if (error.reason === 'PRODUCER_FENCED') return 'stop';
  if (error.kind === 'fenced') return 'retry'; // The agent is fenced, not the producer: another one takes over.
  if (error.reason === 'OUT_OF_ORDER') {
    // Behind another batch it only says that the one before was not accepted yet. In front, once may be a matter of
    // timing; twice, the log has lost what this producer was told is there, as `memory` durability allows.
    if (!facts.isHead || !facts.wasOutOfOrderAsHead) return 'retry';
    return facts.isUnwritten ? 'renumber' : 'fail';
  }
  // The agent may be behind, or the client. When the topic is gone, the metadata says so, and its batches are abandoned.
  if (error.reason === 'TOPIC_NOT_FOUND') return 'retry';
  if (error.reason === 'UNKNOWN_PRODUCER') return facts.isUnwritten ? 'renumber' : 'fail';
  return error.isRetriable && !NEVER_FITS.has(error.reason) ? 'retry' : 'fail';
}

function refuse<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  { entry, round, error }: RefusedEvent<B>,
  nowMs: number,
  backoff: BackoffOptions,
): PartitionQueueEffect<B>[] {
  if (entry.isSettled || entry.baseOffset !== undefined) return [];
  if (isDefinite(error)) entry.unresolved--;
  if (!isCurrent(state, entry, round)) return [];
  const index = state.entries.indexOf(entry);
  const isHead = index === 0;
  const action = classifyRefusal(error, {
    isHead,
    wasOutOfOrderAsHead: entry.wasOutOfOrderAsHead,
    isUnwritten: entry.unresolved === 0,
  });
  entry.lastError = error;
  entry.wasOutOfOrderAsHead = isHead && error.reason === 'OUT_OF_ORDER';
  switch (action) {
    case 'retry':
      goBack(state, index, nowMs, backoff);
      state.retryAtMs = Math.max(state.retryAtMs, nowMs + (error.retryAfterMs ?? 0));
      return error.kind === 'overloaded' ? [] : [{ type: 'refreshMetadata' }];
    case 'renumber':
      return breakSequence(state, index, false);
    case 'fail':
      return failForGood(state, index, error);
    case 'stop':
      state.fatal = error;
      return abandon(state, error);
  }
}

function isCurrent<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  entry: QueueEntry<B>,
  round: number,
): boolean {
  if (entry.isSettled || entry.round !== round || entry.baseOffset !== undefined) return false;
  return state.entries.indexOf(entry) < state.inFlight;
}

function goBack<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  index: number,
  nowMs: number,
  backoff: BackoffOptions,
): void {
  state.inFlight = index;
  state.round++;
  state.failures++;
  state.retryAtMs = nowMs + backoffDelayMs(state.failures, backoff);
}

function failForGood<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  index: number,
  error: StreamError,
): PartitionQueueEffect<B>[] {
  const entry = state.entries[index];
  if (entry === undefined) return [];
  remove(state, index);
  const failed: PartitionQueueEffect<B> = {
    type: 'fail',
    batch: entry.batch,
    error: finalError(entry, error),
  };
  if (entry.identity === undefined) return [failed];
  return [failed, ...breakSequence(state, index, entry.unresolved > 0), ...settleHeads(state)];
}

/**
 * The sequences from `index` on cannot be used any more. When the batch before may be written, so may those after it
 * that are unresolved: they fail as indefinite. When it is not, nothing behind it can be, whatever is still under way.
 */
function breakSequence<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  index: number,
  mayFollowersBeWritten: boolean,
): PartitionQueueEffect<B>[] {
  const effects: PartitionQueueEffect<B>[] = [];
  let kept = index;
  for (let entry = state.entries[kept]; entry !== undefined; entry = state.entries[kept]) {
    if (entry.baseOffset !== undefined) {
      kept++;
    } else if (mayFollowersBeWritten && entry.unresolved > 0) {
      remove(state, kept);
      effects.push({ type: 'fail', batch: entry.batch, error: finalError(entry, entry.lastError) });
    } else {
      // A fresh handle: answers to what was sent under the old identity must not count for the new one.
      entry.isSettled = true;
      state.entries[kept] = newEntry(entry.batch, entry.lastError, entry.mayBeInOldLog);
      kept++;
    }
  }
  state.inFlight = Math.min(state.inFlight, index);
  state.round++;
  state.identity = undefined;
  effects.push({ type: 'identify' });
  return effects;
}

/** Another log: nothing of what was sent is in it. */
function replace<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
): PartitionQueueEffect<B>[] {
  for (const entry of state.entries) entry.mayBeInOldLog ||= entry.unresolved > 0;
  return breakSequence(state, 0, false);
}

function expire<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  nowMs: number,
): PartitionQueueEffect<B>[] {
  const effects: PartitionQueueEffect<B>[] = [];
  for (;;) {
    const head = state.entries[0];
    if (head === undefined || head.batch.deadlineMs > nowMs) return effects;
    effects.push(...failForGood(state, 0, head.lastError ?? timeoutError()));
  }
}

function abandon<B extends QueueableBatch>(
  state: PartitionQueueState<B>,
  error: StreamError,
): PartitionQueueEffect<B>[] {
  const effects: PartitionQueueEffect<B>[] = [];
  for (const entry of state.entries) {
    entry.isSettled = true;
    effects.push(
      entry.baseOffset === undefined
        ? { type: 'fail', batch: entry.batch, error: finalError(entry, error) }
        : { type: 'settle', batch: entry.batch, baseOffset: entry.baseOffset },
    );
  }
  state.entries.length = 0;
  state.inFlight = 0;
  return effects;
}

/** What the caller is told: never a definite failure when the batch may be written (I-11). */
function finalError<B extends QueueableBatch>(
  entry: QueueEntry<B>,
  error: StreamError | undefined,
): StreamError {
  const cause = error ?? timeoutError();
  const mayBeWritten = entry.unresolved > 0 || entry.mayBeInOldLog;
  if (!mayBeWritten || cause.kind === 'indefinite') return cause;
  return new StreamError(
    'indefinite',
    'OUTCOME_UNKNOWN',
    `the batch may or may not be written: ${cause.message}`,
    { cause },
  );
}

function timeoutError(): StreamError {
  return new StreamError(
    'unavailable',
    'DELIVERY_TIMEOUT',
    'no agent took the batch within the delivery timeout',
  );
}
