/**
 * Commits offsets of one group, one request at a time: what is asked for meanwhile goes together with the next one, so
 * that a later offset never comes before an earlier one.
 */
import type { CommitOffsetsRequest } from '@streamhouse/api/gen/streamhouse/v1/CommitOffsetsRequest.ts';
import type { CommitOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/CommitOffsetsResponse.ts';
import { abortAfter } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { partError } from '../cluster/wire-error.ts';
import type { PartitionReader } from '../consumer/partition-reader.ts';
import { chunks } from './chunks.ts';
import type { GroupCoordinator } from './coordinator.ts';

/** Who commits: a member in its generation; the empty id stands for a consumer that is none. */
export interface CommitIdentity {
  readonly memberId: string;
  readonly generation: number;
}

export interface PendingOffset {
  readonly offset: number;
  readonly metadata: string;
}

export interface CommitterOptions {
  readonly cluster: Cluster;
  readonly coordinator: GroupCoordinator;
  readonly groupId: string;
  readonly identity: () => CommitIdentity;
  /** Resolves once the identity is another one than this. */
  readonly otherIdentity: (identity: CommitIdentity, signal: AbortSignal) => Promise<void>;
  readonly isOwned: (reader: PartitionReader) => boolean;
}

type Offsets = Map<PartitionReader, PendingOffset>;
type Failures = Map<PartitionReader, StreamError>;

/** What the coordinator answers to a member that has not heard of its new generation, or of its end, yet. */
const STALE: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER',
  'REBALANCE_IN_PROGRESS',
]);

/** A coordinator that does not answer so small a question in this time is looked for anew. */
const ATTEMPT_MS = 5_000;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #committed = new WeakMap<PartitionReader, number>();
  #last: Promise<unknown> = Promise.resolve();
  #next: { readonly offsets: Offsets; readonly failures: Promise<Failures> } | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** What is known to be committed of a partition. */
  committed(reader: PartitionReader): number | undefined {
    return this.#committed.get(reader);
  }

  /** What another owner, or an earlier life, has committed. */
  learn(reader: PartitionReader, offset: number): void {
    this.#committed.set(reader, offset);
  }

  /**
   * Resolves once all are committed.
   *
   * @throws StreamError of the first that is not; the others count.
   */
  async commit(offsets: ReadonlyMap<PartitionReader, PendingOffset>): Promise<void> {
    if (offsets.size === 0) return;
    this.#next ??= this.#open();
    const { offsets: batch, failures } = this.#next;
    for (const [reader, offset] of offsets) batch.set(reader, offset);
    const failed = await failures;
    for (const reader of offsets.keys()) {
      const failure = failed.get(reader);
      if (failure !== undefined) throw failure;
    }
  }

  #open(): { readonly offsets: Offsets; readonly failures: Promise<Failures> } {
    const offsets: Offsets = new Map();
    const failures = this.#last.then(() => {
      this.#next = undefined;
      return this.#commit(offsets);
    });
    this.#last = failures.catch(() => {
      // Told to those who wait for it.
    });
    return { offsets, failures };
  }

  async #commit(offsets: Offsets): Promise<Failures> {
    const { clock, requestTimeoutMs, signal } = this.#options.cluster;
    using limit = abortAfter(clock, requestTimeoutMs);
    const either = AbortSignal.any([limit.signal, signal]);
    const failures: Failures = new Map();
    for (const chunk of chunks([...offsets], LIMITS.requestPartitionsMax)) {
      await this.#commitChunk(new Map(chunk), failures, either);
    }
    return failures;
  }

  /** As long as a generation begins, the commit waits for it; then it counts for what the member still owns. */
  async #commitChunk(offsets: Offsets, failures: Failures, signal: AbortSignal): Promise<void> {
    const { identity, otherIdentity, isOwned } = this.#options;
    for (;;) {
      for (const reader of offsets.keys()) {
        if (isOwned(reader)) continue;
        offsets.delete(reader);
        failures.set(reader, notOwned(reader));
      }
      if (offsets.size === 0) return;
      const committing = identity();
      try {
        await this.#send(committing, offsets, failures, signal);
        return;
      } catch (error) {
        const known = toStreamError(error);
        if (!STALE.has(known.reason) || committing.memberId === '') throw error;
        await otherIdentity(committing, signal).catch(() => {
          throw error;
        });
      }
    }
  }

  async #send(
    { memberId, generation }: CommitIdentity,
    offsets: Offsets,
    failures: Failures,
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, coordinator, groupId } = this.#options;
    const { requestTimeoutMs: timeoutMs } = cluster;
    const readers = [...offsets.keys()];
    const answer = await coordinator.call<CommitOffsetsRequest, CommitOffsetsResponse__Output>(
      (group) =>
        (...call) =>
          group.commitOffsets(...call),
      {
        groupId,
        memberId,
        generation,
        offsets: [...offsets].map(([{ topicIdBytes, partition }, pending]) => ({
          topicId: topicIdBytes,
          partition,
          ...pending,
        })),
      },
      { signal, timeoutMs, attemptMs: Math.min(timeoutMs, ATTEMPT_MS) },
    );
    for (const [reader, { offset }] of offsets) this.#committed.set(reader, offset);
    for (const { topicId, partition, error } of answer.failures) {
      const reader = readers.find(
        (one) => one.partition === partition && topicId.equals(one.topicIdBytes),
      );
      if (reader === undefined || error === null) continue;
      this.#committed.delete(reader);
      failures.set(reader, partError(error));
    }
  }
}

/** Another member reads the partition: what was not committed comes to it again. */
export function notOwned({ topic, partition }: { topic: string; partition: number }): StreamError {
  return new StreamError(
    'conflict',
    'NOT_OWNED',
    `partition ${partition} of topic "${topic}" is not owned any more: its offset is not committed`,
    { details: { topic, partition: String(partition) } },
  );
}
