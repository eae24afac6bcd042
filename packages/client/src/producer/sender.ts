/** Takes sealed batches to the holders of their partitions, through retries, handovers and lost connections. */
import { StreamError } from '@streamhouse/core/errors.ts';
import { restampBatch } from '@streamhouse/core/record/batch-builder.ts';
import type { Crc32c } from '@streamhouse/core/record/compression.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { holderAddress, type PartitionView } from '../cluster/cluster-view.ts';
import { NOT_CONNECTED } from '../cluster/wire-error.ts';
import { AgentStream, type AgentStreamHandlers } from './agent-stream.ts';
import {
  type BackoffOptions,
  type PartitionQueueEvent,
  stepPartitionQueue,
  takeSendable,
} from './partition-queue.ts';
import type { PartitionWriter } from './partition-writer.ts';
import type { PendingBatch } from './pending-batch.ts';
import { identifyProducer } from './producer-identity.ts';
import type { ProducerSettings } from './producer-settings.ts';

/** How often deadlines are looked at while anything is unsettled. */
const WATCHDOG_MS = 250;
/** Milliseconds before a new stream is tried to an agent that is draining and still the holder. */
const REOPEN_MS = 100;

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  readonly crc32c: Crc32c;
  /** A batch is settled or has failed. */
  readonly onDone: (batch: PendingBatch) => void;
}

export class Sender implements AsyncDisposable {
  readonly #options: SenderOptions;
  readonly #cluster: Cluster;
  readonly #backoff: BackoffOptions;
  readonly #streams = new Map<string, AgentStream>();
  /** Writers that may have something to send. */
  readonly #ready = new Set<PartitionWriter>();
  /** Writers with batches on their way. */
  readonly #busy = new Set<PartitionWriter>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #isPumpScheduled = false;
  #cancelWatchdog: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#backoff = {
      backoffMs: options.settings.retryBackoffMs,
      backoffMaxMs: options.settings.retryBackoffMaxMs,
      random: options.cluster.random,
    };
  }

  enqueue(writer: PartitionWriter, batch: PendingBatch): void {
    this.#step(writer, { type: 'enqueued', batch });
    this.#cancelWatchdog ??= this.#cluster.clock.schedule(WATCHDOG_MS, this.#watch);
  }

  /** The view of a partition may have changed. */
  place(writer: PartitionWriter, view: PartitionView): void {
    const address = holderAddress(this.#cluster.view, view);
    const isMoved = view.epoch !== writer.epoch || view.holder !== writer.holder;
    if (!isMoved && address === writer.address) return;
    writer.address = address;
    // Without a holder nothing changes yet: the last one may still answer what it has.
    if (address === undefined) return;
    writer.epoch = view.epoch;
    writer.holder = view.holder;
    this.#step(writer, { type: 'moved' });
  }

  /** The partition belongs to another topic of the same name now. */
  replace(writer: PartitionWriter, topicIdBytes: Uint8Array): void {
    writer.topicIdBytes = topicIdBytes;
    writer.epoch = -1;
    writer.address = undefined;
    this.#step(writer, { type: 'replaced' });
  }

  /** Nothing more will be sent to a partition: its topic is gone. */
  abandon(writer: PartitionWriter, error: StreamError): void {
    this.#step(writer, { type: 'abandoned', error });
  }

  /** Fails what is left, and ends the streams. */
  async [Symbol.asyncDispose](): Promise<void> {
    const error = new StreamError('conflict', 'CLOSED', 'the producer is closed');
    // Also the search for an identity, which otherwise goes on for as long as no agent answers.
    this.#stop.abort(error);
    this.#cancelWatchdog?.();
    for (const writer of this.#busy) {
      writer.cancelWake?.();
      this.abandon(writer, error);
    }
    for (const stream of [...this.#streams.values()]) stream.cancel(error);
    await Promise.all(this.#tasks);
  }

  #step(writer: PartitionWriter, event: PartitionQueueEvent<PendingBatch>): void {
    const nowMs = this.#cluster.clock.monotonicMs();
    for (const effect of stepPartitionQueue(writer.queue, event, nowMs, this.#backoff)) {
      switch (effect.type) {
        case 'settle':
          effect.batch.settle(effect.baseOffset);
          this.#options.onDone(effect.batch);
          break;
        case 'fail':
          effect.batch.fail(effect.error);
          this.#options.onDone(effect.batch);
          break;
        case 'identify':
          break; // The pump sees that the identity is missing.
        case 'refreshMetadata':
          this.#cluster.requestRefresh();
          break;
      }
    }
    if (writer.queue.entries.length === 0) {
      this.#busy.delete(writer);
      return;
    }
    this.#busy.add(writer);
    this.#pumpSoon(writer);
  }

  /** At the end of this turn, so that what it seals goes out in few messages. */
  #pumpSoon(writer: PartitionWriter): void {
    this.#ready.add(writer);
    if (this.#isPumpScheduled || this.#stop.signal.aborted) return;
    this.#isPumpScheduled = true;
    queueMicrotask(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stop.signal.aborted) return;
    const nowMs = this.#cluster.clock.monotonicMs();
    const streams = new Set<AgentStream>();
    for (const writer of this.#ready) {
      this.#ready.delete(writer);
      const stream = this.#send(writer, nowMs);
      if (stream !== undefined) streams.add(stream);
    }
    for (const stream of streams) stream.flush();
  }

  /** The stream that something was added to. */
  #send(writer: PartitionWriter, nowMs: number): AgentStream | undefined {
    const { queue, address } = writer;
    if (queue.inFlight === queue.entries.length) return undefined;
    if (queue.identity === undefined) this.#identifyPartition(writer);
    if (address === undefined) {
      this.#cluster.requestRefresh();
      return undefined;
    }
    if (nowMs < queue.retryAtMs) {
      this.#wake(writer, queue.retryAtMs - nowMs);
      return undefined;
    }
    const stream = this.#stream(address);
    if (!stream.canTake) {
      stream.waiting.add(writer);
      return undefined;
    }
    const entries = takeSendable(queue, this.#options.settings.inFlightMax, nowMs);
    for (const entry of entries) {
      if (entry.identity === undefined) continue;
      const stamp = { ...entry.identity, baseSequence: entry.baseSequence };
      restampBatch(entry.batch.bytes, stamp, this.#options.crc32c);
      stream.add({ writer, entry, round: entry.round, sentAtMs: nowMs });
    }
    return entries.length > 0 ? stream : undefined;
  }

  #wake(writer: PartitionWriter, delayMs: number): void {
    writer.cancelWake?.();
    writer.cancelWake = this.#cluster.clock.schedule(delayMs, () => {
      writer.cancelWake = undefined;
      this.#pumpSoon(writer);
    });
  }

  #identifyPartition(writer: PartitionWriter): void {
    if (writer.isIdentifying) return;
    writer.isIdentifying = true;
    const task = identifyProducer(this.#cluster, {
      signal: this.#stop.signal,
      timeoutMs: Number.POSITIVE_INFINITY,
    })
      .then((identity) => this.#step(writer, { type: 'identified', identity }))
      // It ends with an error only when the producer is closed; the delivery timeout then has no more to say.
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.abandon(writer, error as StreamError);
      })
      .finally(() => {
        writer.isIdentifying = false;
        this.#tasks.delete(task);
      });
    this.#tasks.add(task);
  }

  #stream(address: string): AgentStream {
    let stream = this.#streams.get(address);
    if (stream === undefined) {
      const channel = this.#cluster.channel(address);
      stream = new AgentStream(channel, this.#options.settings.durability, this.#handlers);
      this.#streams.set(address, stream);
    }
    return stream;
  }

  readonly #handlers: AgentStreamHandlers = {
    onAcknowledged: ({ writer, entry }, baseOffset) =>
      this.#step(writer, { type: 'acknowledged', entry, baseOffset }),
    onRefused: ({ writer, entry, round }, error) =>
      this.#step(writer, { type: 'refused', entry, round, error }),
    onReady: (stream) => this.#readyAll(stream),
    onDraining: () => this.#cluster.requestRefresh(),
    onEnded: (stream, unanswered, error) => {
      this.#streams.delete(stream.address);
      // What never left this process was definitely not done. Of all else, whatever the status says, that is not known:
      // batches that came before the failure may be in the log.
      const type = error.reason === NOT_CONNECTED ? 'refused' : 'lost';
      for (const { writer, entry, round } of unanswered) {
        this.#step(writer, { type, entry, round, error });
      }
      this.#readyAll(stream);
    },
  };

  #readyAll(stream: AgentStream): void {
    for (const writer of stream.waiting) {
      if (stream.isDraining) this.#wake(writer, REOPEN_MS);
      else this.#pumpSoon(writer);
    }
    stream.waiting.clear();
  }

  readonly #watch = (): void => {
    this.#cancelWatchdog = undefined;
    const nowMs = this.#cluster.clock.monotonicMs();
    for (const writer of this.#busy) {
      const [head] = writer.queue.entries;
      if (head !== undefined && head.batch.deadlineMs <= nowMs)
        this.#step(writer, { type: 'expired' });
    }
    for (const stream of this.#streams.values()) {
      if (nowMs - stream.oldestSentAtMs > this.#cluster.requestTimeoutMs) stream.cancel(noAnswer());
    }
    if (this.#busy.size > 0) {
      this.#cancelWatchdog = this.#cluster.clock.schedule(WATCHDOG_MS, this.#watch);
    }
  };
}

function noAnswer(): StreamError {
  return new StreamError(
    'indefinite',
    'NO_ANSWER',
    'the agent did not answer within requestTimeoutMs',
  );
}
