/**
 * One partition that this incarnation holds: the shell around its PartitionLog. It keeps what the machine does not need to
 * see: the bytes of the open run, who waits for which answer, and who waits for data.
 */
import type { StreamError } from '@streamhouse/core/errors.ts';
import {
  type Offset,
  offset,
  type PartitionIndex,
  partitionKey,
  type TopicId,
} from '@streamhouse/core/ids.ts';
import {
  openPartitionLog,
  type PartitionLogEffect,
  type PartitionLogEvent,
  type PartitionLogState,
  sealProducers,
  stepPartitionLog,
} from '@streamhouse/core/log/partition-log.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';
import type { BatchHeader } from '@streamhouse/core/record/batch-header.ts';
import type { HeldPartition as HeldPartitionRow } from '@streamhouse/store/metadata/leases.ts';
import type { StoredRun } from '@streamhouse/store/metadata/log.ts';
import { RecentRuns } from './recent-runs.ts';
import { refusalError } from './refusals.ts';

export interface AppendRequest {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly acknowledge: 'published' | 'accepted';
  /** Called once, with the batch's base offset or why it is not in the log. */
  readonly reply: (result: Offset | StreamError) => void;
}

export interface OpenBatch {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly baseOffset: Offset;
}

/** The batches of one partition in one object, before they are encoded. */
export interface OpenRun {
  readonly partition: HeldPartition;
  readonly baseOffset: Offset;
  readonly endOffset: Offset;
  readonly maxTimestampMs: number;
  readonly batches: readonly OpenBatch[];
  readonly producers: readonly ProducerSnapshot[];
}

export class HeldPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly key: string;
  readonly recentRuns: RecentRuns = new RecentRuns();
  readonly #log: PartitionLogState;
  readonly #replies = new Map<number, AppendRequest['reply']>();
  readonly #waiters = new Set<() => void>();
  #logStartOffset: Offset;
  #open: OpenBatch[] = [];
  #nextTicket = 0;
  #onDrained: (() => void) | undefined;

  constructor(row: HeldPartitionRow) {
    this.topicId = row.topicId;
    this.partition = row.partition;
    this.key = partitionKey(row.topicId, row.partition);
    this.#log = openPartitionLog(row);
    this.#logStartOffset = row.logStartOffset;
  }

  get epoch(): PartitionLogState['epoch'] {
    return this.#log.epoch;
  }

  get status(): PartitionLogState['status'] {
    return this.#log.status;
  }

  /** First offset not yet readable. */
  get highWatermark(): Offset {
    return this.#log.highWatermark;
  }

  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** Whether the batch was put into the open run: its bytes are held until it is published or refused. */
  append(request: AppendRequest): boolean {
    const ticket = this.#nextTicket++;
    const { bytes, header } = request;
    // Not the bytes: a repeat that waits for its original must hold nothing that no budget counts (I-41).
    this.#replies.set(ticket, request.reply);
    const effects = stepPartitionLog(this.#log, {
      type: 'append',
      ticket,
      producerId: header.producerId,
      producerEpoch: header.producerEpoch,
      baseSequence: header.baseSequence,
      recordCount: header.recordCount,
      acknowledge: request.acknowledge,
    });
    const [first] = effects;
    const isAccepted = first?.type === 'accept';
    if (isAccepted) this.#open.push({ bytes, header, baseOffset: first.baseOffset });
    this.#run(effects);
    return isAccepted;
  }

  /** Everything accepted since the last call, to be sealed into one object. */
  takeOpenRun(): OpenRun | undefined {
    const batches = this.#open;
    const first = batches[0];
    if (first === undefined) return undefined;
    this.#open = [];
    let maxTimestampMs = 0;
    for (const batch of batches)
      maxTimestampMs = Math.max(maxTimestampMs, batch.header.maxTimestampMs);
    const endOffset = this.#log.nextOffset;
    const producers = sealProducers(this.#log);
    return {
      partition: this,
      baseOffset: first.baseOffset,
      endOffset,
      maxTimestampMs,
      batches,
      producers,
    };
  }

  published(run: StoredRun): void {
    this.recentRuns.push(run);
    this.#step({ type: 'published', endOffset: offset(run.lastOffset + 1) });
  }

  publishFenced(): void {
    this.#step({ type: 'publishFenced' });
    this.#open = [];
    this.#wakeAll();
  }

  /** Admits nothing more; `onDrained` is called once, when everything accepted is published. */
  drain(onDrained: () => void): void {
    this.#onDrained = onDrained;
    this.#step({ type: 'drain' });
  }

  /** Ends it: everything unanswered is refused. */
  stop(isPublishUnknown: boolean): void {
    this.#step({ type: 'stop', isPublishUnknown });
    this.#open = [];
    this.#wakeAll();
  }

  /** Calls `wake` whenever more becomes readable or the partition is lost; the result takes it back. */
  onReadable(wake: () => void): () => void {
    this.#waiters.add(wake);
    return () => this.#waiters.delete(wake);
  }

  #step(event: PartitionLogEvent): void {
    this.#run(stepPartitionLog(this.#log, event));
  }

  #run(effects: readonly PartitionLogEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'accept':
          break; // The caller of the step has put the batch into the open run.
        case 'acknowledge':
          this.#reply(effect.ticket, effect.baseOffset);
          break;
        case 'refuse':
          this.#reply(effect.ticket, refusalError(effect.refusal));
          break;
        case 'advance':
          this.#wakeAll();
          break;
        case 'drained':
          this.#onDrained?.();
          this.#onDrained = undefined;
          break;
      }
    }
  }

  #reply(ticket: number, result: Offset | StreamError): void {
    const reply = this.#replies.get(ticket);
    this.#replies.delete(ticket);
    reply?.(result);
  }

  #wakeAll(): void {
    for (const wake of this.#waiters) wake();
  }
}
