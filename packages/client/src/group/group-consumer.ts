/** What a consumer does as one of a group: its membership, its commits, and that it leaves when nobody polls. */
import { randomUUID } from 'node:crypto';
import { abortAfter } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { abortable } from '../abortable.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GroupSettings } from '../consumer/consumer-settings.ts';
import type { PartitionPlace } from '../consumer/offset-lookup.ts';
import type { PartitionReader } from '../consumer/partition-reader.ts';
import type { ReadSet } from '../consumer/read-set.ts';
import type {
  CommittedOffset,
  Membership,
  RebalanceListener,
  SubscribeOptions,
} from '../public/consumer.ts';
import { fetchCommitted } from './committed-offsets.ts';
import { Committer, type PendingOffset } from './committer.ts';
import { GroupCoordinator } from './coordinator.ts';
import { GroupMember } from './group-member.ts';
import { GroupPartitions } from './group-partitions.ts';

/** Milliseconds that the last commit of a consumer without a membership may take. */
const CLOSE_MS = 5_000;

export interface GroupConsumerOptions {
  readonly cluster: Cluster;
  readonly group: GroupSettings;
  readonly reads: ReadSet;
}

export class GroupConsumer {
  readonly #cluster: Cluster;
  readonly #group: GroupSettings;
  readonly #reads: ReadSet;
  readonly #member: GroupMember;
  readonly #partitions: GroupPartitions;
  readonly #committer: Committer;
  readonly #life = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #isSubscribed = false;
  #failure: StreamError | undefined;
  /** Polls, or handlers, that are in progress. */
  #polls = 0;
  #lastPollMs = 0;
  #cancelWatch: (() => void) | undefined;

  constructor({ cluster, group, reads }: GroupConsumerOptions) {
    this.#cluster = cluster;
    this.#group = group;
    this.#reads = reads;
    const coordinator = new GroupCoordinator(cluster);
    this.#committer = new Committer({
      cluster,
      coordinator,
      groupId: group.groupId,
      identity: () => this.#member.identity,
      otherIdentity: (identity, signal) => this.#member.otherIdentity(identity, signal),
      isOwned: (reader) => reads.has(reader),
    });
    this.#partitions = new GroupPartitions({
      cluster,
      group,
      reads,
      commitConsumed: async (readers) => {
        if (group.autoCommitIntervalMs !== undefined) await this.#commitConsumed(readers);
      },
      onCommitted: (reader, offset) => this.#committer.learn(reader, offset),
      onReleased: (partitions) => this.#member.release(partitions),
    });
    this.#member = new GroupMember({
      cluster,
      group,
      coordinator,
      partitions: this.#partitions,
      newMemberId: randomUUID,
      onFailed: (error) => {
        this.#failure = error;
        reads.wake();
      },
    });
    if (group.autoCommitIntervalMs !== undefined) {
      this.#loops.push(this.#commitAlways(group.autoCommitIntervalMs));
    }
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Undefined outside of a generation. */
  membership(): Membership | undefined {
    const { memberId, generation } = this.#member.identity;
    if (this.#member.isOut || generation === 0) return undefined;
    return { groupId: this.#group.groupId, memberId, generation };
  }

  /** @throws StreamError `notFound` when a named topic is not there. */
  async subscribe(
    topics: readonly string[] | RegExp,
    { signal, ...listener }: SubscribeOptions,
  ): Promise<void> {
    await this.#member.select(topics, signal);
    this.#life.signal.throwIfAborted();
    this.#partitions.listener = listener satisfies RebalanceListener;
    this.#failure = undefined;
    this.#isSubscribed = true;
    this.#reads.isShared = true;
    this.#member.enter();
    this.#lastPollMs = this.#cluster.clock.monotonicMs();
    this.#watchPolls(this.#group.maxPollIntervalMs);
  }

  async unsubscribe(): Promise<void> {
    this.#cancelWatch?.();
    this.#isSubscribed = false;
    this.#failure = undefined;
    await this.#member.leave();
    this.#reads.isShared = false;
  }

  /** A poll begins, or the first of several handlers. A member that has left because there was none joins again. */
  onPoll(): void {
    this.#polls++;
    if (this.#isSubscribed && this.#member.isOut && this.#failure === undefined) {
      this.#member.enter();
    }
  }

  onPollEnd(): void {
    this.#polls--;
    this.#lastPollMs = this.#cluster.clock.monotonicMs();
  }

  /** @throws StreamError that has ended the membership. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  commit(offsets: ReadonlyMap<PartitionReader, PendingOffset>): Promise<void> {
    return this.#committer.commit(offsets);
  }

  /** Where partitions go on that are assigned by hand, in their order; undefined where nothing is committed. */
  async committed(
    places: readonly PartitionPlace[],
    signal: AbortSignal | undefined,
  ): Promise<(CommittedOffset | undefined)[]> {
    const { groupId } = this.#group;
    const options = { signal, timeoutMs: this.#cluster.requestTimeoutMs };
    const offsets = await fetchCommitted(this.#cluster, groupId, places, options);
    return offsets.map(({ offset, metadata, committedAtMs, generation }, index) => {
      const { topic, partition } = places[index] as PartitionPlace;
      if (offset < 0) return undefined;
      return { topic, partition, offset, metadata, committedAtMs, generation };
    });
  }

  /** Commits for the last time, and leaves. */
  async close(): Promise<void> {
    this.#cancelWatch?.();
    this.#life.abort(new StreamError('conflict', 'CLOSED', 'the consumer is closed'));
    await Promise.all(this.#loops);
    if (this.#isSubscribed) await this.#member.leave();
    else if (this.#group.autoCommitIntervalMs !== undefined) {
      using limit = abortAfter(this.#cluster.clock, CLOSE_MS);
      // What is not committed comes again.
      await abortable(this.#commitConsumed(this.#reads.readers), limit.signal).catch(() => {});
    }
    await this.#member[Symbol.asyncDispose]();
    await this.#partitions[Symbol.asyncDispose]();
  }

  /** I-26: never what the program still works on. */
  async #commitConsumed(readers: readonly PartitionReader[]): Promise<void> {
    const offsets = new Map<PartitionReader, PendingOffset>();
    for (const reader of readers) {
      const offset = this.#reads.tracker.consumed(reader);
      if (offset === undefined || offset === this.#committer.committed(reader)) continue;
      offsets.set(reader, { offset, metadata: '' });
    }
    await this.#committer.commit(offsets);
  }

  #commitAlways(everyMs: number): Promise<void> {
    const { clock, random } = this.#cluster;
    const options = {
      name: 'commit',
      everyMs,
      clock,
      random,
      signal: this.#life.signal,
      onError: (error: unknown): void => {
        const { kind, isRetriable } = toStreamError(error);
        // The next one commits the same again, and what moved is another member's concern.
        if (!isRetriable && kind !== 'conflict' && kind !== 'notFound') this.#reads.fail(error);
      },
    };
    return runLoop(options, (signal) =>
      abortable(this.#commitConsumed(this.#reads.readers), signal),
    );
  }

  /** Who does not come back for so long holds up partitions that others could read. */
  #watchPolls(waitMs: number): void {
    const { clock } = this.#cluster;
    this.#cancelWatch?.();
    this.#cancelWatch = clock.schedule(waitMs, () => {
      const leftMs = this.#lastPollMs + this.#group.maxPollIntervalMs - clock.monotonicMs();
      if (this.#polls === 0 && leftMs <= 0) this.#member.abandon();
      this.#watchPolls(leftMs > 0 ? leftMs : this.#group.maxPollIntervalMs);
    });
  }
}
