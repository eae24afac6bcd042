/** One agent's machines, wired as the agent wires them, with the bytes left out and every effect checked. */
import assert from 'node:assert/strict';
import { epoch, offset, producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  type FlushEvent,
  type FlushSettings,
  type FlushState,
  openFlushPipeline,
  stepFlush,
} from './flush-pipeline.ts';
import type { Batch, LogStoreModel, Run } from './log-store.test-support.ts';
import {
  openPartitionLog,
  type PartitionLogEffect,
  type PartitionLogEvent,
  type PartitionLogStart,
  type PartitionLogState,
  type Refusal,
  sealProducers,
  stepPartitionLog,
} from './partition-log.ts';

export interface AppendRequest extends Batch {
  readonly partition: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly acknowledge: 'published' | 'accepted';
}

export interface AgentListener {
  /** `isAccepted`: this very batch was given an offset; else it repeats another, or was refused at once. */
  acknowledged(
    agent: LogAgent,
    request: AppendRequest,
    baseOffset: number,
    isAccepted: boolean,
  ): void;
  refused(agent: LogAgent, request: AppendRequest, refusal: Refusal, isAccepted: boolean): void;
}

/** What of a round trip does not arrive. The agent asks again until it knows (I-09). */
export type Lost = 'nothing' | 'answer' | 'request';

interface HeldPartition {
  readonly log: PartitionLogState;
  open: { readonly baseOffset: number; readonly batch: Batch }[];
  heir: number | undefined;
  isDrained: boolean;
}

interface Waiting {
  readonly request: AppendRequest;
  isAccepted: boolean;
  isAnswered: boolean;
}

/** Small, so that a run reaches every bound. A record counts as one byte. */
const FLUSH: FlushSettings = {
  bytesMax: 8,
  uploadsInFlightMax: 3,
  putsPerSecondMax: Number.POSITIVE_INFINITY,
  putsBurst: 1,
  intervalMs: 10,
};

export class LogAgent {
  readonly id: number;
  readonly held: Map<number, HeldPartition> = new Map();
  readonly uploading: Set<number> = new Set();
  /** The object whose publish has been asked for. */
  publishing: number | undefined;
  isPublishTried = false;
  isOver = false;
  readonly waiting: Waiting[] = [];
  readonly #store: LogStoreModel;
  readonly #listener: AgentListener;
  readonly #flush: FlushState = openFlushPipeline(FLUSH, 0);
  readonly #sealed = new Map<number, readonly Run[]>();
  #publishedCount = 0;
  #nowMs = 0;

  constructor(id: number, store: LogStoreModel, listener: AgentListener) {
    this.id = id;
    this.#store = store;
    this.#listener = listener;
  }

  /** Whether an earlier lease of the partition is not settled: the agent settles it before it takes another. */
  isWaitingFor(partition: number): boolean {
    return (this.held.get(partition)?.log.pending.length ?? 0) > 0;
  }

  open(partition: number, start: PartitionLogStart): void {
    const log = openPartitionLog(start);
    this.held.set(partition, { log, open: [], heir: undefined, isDrained: false });
  }

  append(request: AppendRequest): void {
    const held = this.held.get(request.partition);
    if (held === undefined || this.isOver) {
      this.#listener.refused(this, request, 'notHolder', false);
      return;
    }
    const ticket = this.waiting.length;
    this.waiting.push({ request, isAccepted: false, isAnswered: false });
    const { producerEpoch, baseSequence, recordCount, acknowledge } = request;
    const event: PartitionLogEvent = {
      type: 'append',
      ticket,
      producerId: producerId(request.producerId),
      producerEpoch,
      baseSequence,
      recordCount,
      acknowledge,
    };
    const effects = this.#stepLog(request.partition, event);
    if (effects[0]?.type === 'accept') this.#stepFlush({ type: 'appended', bytes: recordCount });
  }

  tick(): void {
    this.#nowMs += FLUSH.intervalMs;
    this.#stepFlush({ type: 'tick' });
  }

  uploadDone(number: number): void {
    const sequence = [...this.uploading][number % Math.max(1, this.uploading.size)];
    if (sequence === undefined) return;
    this.uploading.delete(sequence);
    this.#stepFlush({ type: 'uploaded', sequence });
  }

  uploadFailed(): void {
    const [sequence] = this.uploading;
    if (sequence !== undefined) this.#stepFlush({ type: 'uploadFailed', sequence });
  }

  /** One round trip to the store. */
  publish(lost: Lost): void {
    const sequence = this.publishing;
    if (sequence === undefined || this.isOver) return;
    this.isPublishTried = true;
    if (lost === 'request') return;
    const runs = this.#sealed.get(sequence)!;
    const accepted = this.#store.publish(this.id, `${this.id}/${sequence}`, runs);
    if (lost === 'answer') return;
    this.isPublishTried = false;
    this.publishing = undefined;
    if (accepted === undefined) {
      this.#stepFlush({ type: 'fenced' });
      return;
    }
    this.#sealed.delete(sequence);
    this.#publishedCount++;
    for (const [index, run] of runs.entries()) this.#settle(run, accepted.includes(index));
    this.#stepFlush({ type: 'published', sequence });
  }

  drain(partition: number, heir: number): void {
    const held = this.held.get(partition);
    if (held === undefined || held.log.status !== 'open') return;
    held.heir = heir;
    this.#stepLog(partition, { type: 'drain' });
    this.#stepFlush({ type: 'hurry' });
  }

  /** The end of this life, by a crash of its process or by its own decision; what waits is refused. */
  stop(): void {
    this.isOver = true;
    const event = { type: 'stop', isPublishUnknown: this.isPublishTried } as const;
    for (const partition of this.held.keys()) this.#stepLog(partition, event);
  }

  check(): void {
    for (const [partition, { log }] of this.held) {
      const published = this.#store.row(partition).records.length;
      assert(log.highWatermark <= published, 'I-03: readable beyond what is published');
      let next: number = log.highWatermark;
      for (const { baseOffset, endOffset } of log.pending) {
        assert(baseOffset === next, 'offsets have a gap');
        next = endOffset;
      }
      if (log.status !== 'lost') assert(log.nextOffset === next, 'offsets have a gap');
      for (const { batches } of log.producers.values()) {
        assert(batches.length <= LIMITS.producerBatchesMax, 'remembers too many batches');
      }
    }
    assert(this.uploading.size <= FLUSH.uploadsInFlightMax, 'too many uploads');
    assert(this.isOver || this.#flush.openBytes < FLUSH.bytesMax, 'a full object is open');
  }

  #settle(run: Run, isAccepted: boolean): void {
    const held = this.held.get(run.partition);
    if (held === undefined || held.log.epoch !== run.epoch) return;
    if (!isAccepted) {
      this.#stepLog(run.partition, { type: 'publishFenced' });
      held.open = [];
      return;
    }
    const recordCount = run.batches.reduce((sum, batch) => sum + batch.recordCount, 0);
    const endOffset = offset(run.baseOffset + recordCount);
    this.#stepLog(run.partition, { type: 'published', endOffset });
  }

  #stepLog(partition: number, event: PartitionLogEvent): readonly PartitionLogEffect[] {
    const held = this.held.get(partition)!;
    const before = held.log.highWatermark;
    const effects = stepPartitionLog(held.log, event);
    assert(held.log.highWatermark >= before, 'I-03: the high watermark fell');
    const acknowledged = effects.flatMap((e) => (e.type === 'acknowledge' ? [e.baseOffset] : []));
    assert.deepEqual(acknowledged, acknowledged.toSorted(compare), 'I-13: out of order');
    for (const effect of effects) this.#runLog(held, effect);
    return effects;
  }

  #runLog(held: HeldPartition, effect: PartitionLogEffect): void {
    switch (effect.type) {
      case 'accept': {
        const waiting = this.waiting[effect.ticket]!;
        waiting.isAccepted = true;
        held.open.push({ baseOffset: effect.baseOffset, batch: waiting.request });
        break;
      }
      case 'acknowledge': {
        const { request, isAccepted } = this.#answer(effect.ticket);
        this.#listener.acknowledged(this, request, effect.baseOffset, isAccepted);
        break;
      }
      case 'refuse': {
        const { request, isAccepted } = this.#answer(effect.ticket);
        this.#listener.refused(this, request, effect.refusal, isAccepted);
        break;
      }
      case 'advance':
        assert(effect.highWatermark === held.log.highWatermark);
        break;
      case 'drained':
        assert(held.log.pending.length === 0, 'drained with something pending');
        assert(!held.isDrained, 'drained twice');
        held.isDrained = true;
        break;
    }
  }

  #answer(ticket: number): Waiting {
    const waiting = this.waiting[ticket]!;
    assert(!waiting.isAnswered, 'answered twice');
    waiting.isAnswered = true;
    return waiting;
  }

  #stepFlush(event: FlushEvent): void {
    if (this.isOver) return;
    for (const effect of stepFlush(this.#flush, event, this.#nowMs)) {
      switch (effect.type) {
        case 'seal':
          this.#sealed.set(effect.sequence, this.#seal());
          break;
        case 'upload':
          this.uploading.add(effect.sequence);
          break;
        case 'publish':
          assert(effect.sequence === this.#publishedCount, 'published out of object order');
          assert(this.publishing === undefined, 'two publishes at a time');
          this.publishing = effect.sequence;
          break;
        case 'wakeAt':
          assert(effect.atMs > this.#nowMs, 'wakes in the past');
          break;
        case 'stop':
          this.stop();
          break;
      }
    }
  }

  #seal(): readonly Run[] {
    const runs: Run[] = [];
    for (const [partition, held] of this.held) {
      const [first] = held.open;
      if (first === undefined) continue;
      runs.push({
        partition,
        epoch: epoch(held.log.epoch),
        baseOffset: first.baseOffset,
        batches: held.open.map(({ batch }) => batch),
        producers: sealProducers(held.log),
      });
      held.open = [];
    }
    return runs;
  }
}

function compare(a: number, b: number): number {
  return a - b;
}
