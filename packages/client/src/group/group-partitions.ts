/**
 * The partitions that a member owns, between its group and the program: where they start, when the program is told of
 * them, and how they are taken back.
 *
 *   assign ──offsets are known──▶ told (onAssigned) ──▶ read ──revoke──▶ held until the program has come back from its
 *   records ──▶ told (onRevoked) ──▶ committed ──▶ released
 *
 * What is not released within the session timeout is lost: the group has given it to another member by then.
 */
import { delay } from '@streamhouse/core/async/clock.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import { abortable } from '../abortable.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GroupSettings } from '../consumer/consumer-settings.ts';
import type { PartitionReader } from '../consumer/partition-reader.ts';
import type { ReadSet } from '../consumer/read-set.ts';
import type { PartitionName } from '../public/connect.ts';
import type { RebalanceListener } from '../public/consumer.ts';
import { fetchCommitted } from './committed-offsets.ts';
import type { GroupPlace } from './group-place.ts';

/** Milliseconds that the end of a membership waits for callbacks and for the last commit. */
const LEAVE_MS = 5_000;

export interface GroupPartitionsOptions {
  readonly cluster: Cluster;
  readonly group: GroupSettings;
  readonly reads: ReadSet;
  /** Commits what the program is done with, as far as that is wanted. */
  readonly commitConsumed: (readers: readonly PartitionReader[]) => Promise<void>;
  /** An offset that is committed already. */
  readonly onCommitted: (reader: PartitionReader, offset: number) => void;
  /** What was to be revoked is not owned any more. */
  readonly onReleased: (keys: readonly string[]) => void;
}

interface OwnedPartition {
  readonly place: GroupPlace;
  /** Undefined until it is known where it starts. */
  reader: PartitionReader | undefined;
  /** Whether the program knows that it has it. */
  isTold: boolean;
  isRevoking: boolean;
}

export class GroupPartitions implements AsyncDisposable {
  listener: RebalanceListener = {};
  readonly #options: GroupPartitionsOptions;
  readonly #owned = new Map<string, OwnedPartition>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #life = new AbortController();
  readonly #endView: () => void;
  /** Callbacks come one after the other. */
  #lastCallback: Promise<unknown> = Promise.resolve();

  constructor(options: GroupPartitionsOptions) {
    this.#options = options;
    this.#endView = options.cluster.onView(() => this.#retryMissing());
  }

  places(): GroupPlace[] {
    return Array.from(this.#owned.values(), ({ place }) => place);
  }

  assign(places: readonly GroupPlace[]): void {
    const added = places.map((place): OwnedPartition => {
      const owned = { place, reader: undefined, isTold: false, isRevoking: false };
      this.#owned.set(place.key, owned);
      return owned;
    });
    this.#run(this.#begin(added));
  }

  /** Takes them back from the program; then `onReleased`. */
  revoke(keys: readonly string[]): void {
    const owned = this.#find(keys);
    for (const one of owned) {
      one.isRevoking = true;
      if (one.reader !== undefined) one.reader.isHeld = true;
    }
    this.#options.reads.putBack(readersOf(owned));
    this.#run(this.#takeBack(owned));
  }

  /** Takes all of them back without waiting for the program, which ends the membership itself. */
  releaseAll(): void {
    const owned = [...this.#owned.values()];
    for (const { reader } of owned) if (reader !== undefined) reader.isHeld = true;
    const { cluster, group, reads } = this.#options;
    reads.putBack(readersOf(owned));
    const waitMs = Math.min(group.sessionTimeoutMs, LEAVE_MS);
    this.#run(this.#release(owned, cluster.clock.monotonicMs() + waitMs));
  }

  /** They are gone. */
  lose(keys: readonly string[]): void {
    const lost = this.#find(keys);
    this.#options.reads.lose(readersOf(lost));
    this.#drop(lost);
    const names = told(lost);
    const { onLost } = this.listener;
    // At once: a callback before it that does not end may be why they are lost.
    if (names.length > 0) this.#run(this.#safely(async () => await onLost?.(names)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endView();
    this.#life.abort();
    await Promise.all(this.#tasks);
  }

  /** An agent that was behind said that a partition is not there: its topic is, and so it is asked again. */
  #retryMissing(): void {
    const { cluster, reads } = this.#options;
    for (const { place, reader } of this.#owned.values()) {
      const isThere = cluster.view.topics.get(place.topic)?.topicId === place.topicId;
      if (isThere && reader?.failure?.kind === 'notFound') reader.failure = undefined;
    }
    reads.resume();
  }

  #find(keys: readonly string[]): OwnedPartition[] {
    return keys.flatMap((key) => this.#owned.get(key) ?? []);
  }

  #isOwned(owned: OwnedPartition): boolean {
    return this.#owned.get(owned.place.key) === owned;
  }

  async #begin(added: readonly OwnedPartition[]): Promise<void> {
    const { cluster, group, reads, onCommitted } = this.#options;
    const places = added.map(({ place }) => place);
    const offsets = await fetchCommitted(cluster, group.groupId, places, {
      signal: this.#life.signal,
      timeoutMs: Number.POSITIVE_INFINITY,
    });
    for (const [index, owned] of added.entries()) {
      const committed = offsets[index];
      if (committed === undefined || !this.#isOwned(owned)) continue;
      const { offset, added: isAdded } = committed;
      // I-29: what came to a topic after the group began to read it is read from its beginning.
      const start = offset >= 0 ? offset : isAdded ? 'earliest' : undefined;
      owned.reader = reads.open(owned.place, start);
      owned.reader.isHeld = true;
      if (offset >= 0) onCommitted(owned.reader, offset);
    }
    reads.add(readersOf(added.filter((owned) => this.#isOwned(owned))));
    await this.#inTurn(() => this.#tellAssigned(added));
  }

  async #tellAssigned(added: readonly OwnedPartition[]): Promise<void> {
    const { reads } = this.#options;
    const ready = added.filter((owned) => this.#isOwned(owned) && !owned.isRevoking);
    if (ready.length === 0) return;
    for (const owned of ready) owned.isTold = true;
    try {
      await this.listener.onAssigned?.(told(ready));
    } catch (error) {
      for (const reader of readersOf(ready)) reader.failure = toStreamError(error);
    }
    for (const { reader, isRevoking } of ready) {
      if (reader !== undefined && !isRevoking) reader.isHeld = false;
    }
    reads.resume();
  }

  /** Releases each as soon as the program has come back from it, and loses those with which it does not in time. */
  async #takeBack(revoked: readonly OwnedPartition[]): Promise<void> {
    const { cluster, group, reads } = this.#options;
    const deadlineMs = cluster.clock.monotonicMs() + group.sessionTimeoutMs;
    for (let left = revoked; ; ) {
      left = left.filter((owned) => this.#isOwned(owned));
      const { out = [], back = [] } = Object.groupBy(left, ({ reader }) =>
        reader !== undefined && reads.tracker.isOut(reader) ? 'out' : 'back',
      );
      if (back.length > 0) this.#run(this.#release(back, deadlineMs));
      if (out.length === 0) return;
      left = out;
      if (await this.#isBackBefore(deadlineMs)) continue;
      this.#expire(left);
      return;
    }
  }

  async #release(back: readonly OwnedPartition[], deadlineMs: number): Promise<void> {
    const { onRevoked } = this.listener;
    const work = async (): Promise<void> => {
      // Those that are told in this moment count too: callbacks come in turn.
      const names = (): PartitionName[] => told(back.filter((owned) => this.#isOwned(owned)));
      await this.#inTurn(() =>
        this.#safely(async () => names().length > 0 && onRevoked?.(names())),
      );
      const readers = readersOf(back.filter((owned) => this.#isOwned(owned)));
      // What is not committed comes again, to the next owner.
      await this.#options.commitConsumed(readers).catch(() => {});
    };
    const isInTime = await this.#isDoneBefore(work(), deadlineMs);
    const owned = back.filter((one) => this.#isOwned(one));
    if (!isInTime) return this.#expire(owned);
    this.#drop(owned);
    this.#options.onReleased(owned.map(({ place }) => place.key));
  }

  #expire(late: readonly OwnedPartition[]): void {
    const keys = late.filter((owned) => this.#isOwned(owned)).map(({ place }) => place.key);
    this.lose(keys);
    this.#options.onReleased(keys);
  }

  #drop(owned: readonly OwnedPartition[]): void {
    for (const { place } of owned) this.#owned.delete(place.key);
    this.#options.reads.remove(readersOf(owned));
  }

  /** Whether the program has come back from something by then. */
  async #isBackBefore(deadlineMs: number): Promise<boolean> {
    let stop = (): void => {};
    const back = new Promise<void>((resolve) => {
      stop = this.#options.reads.tracker.onReturn(resolve);
    });
    return await this.#isDoneBefore(back, deadlineMs).finally(stop);
  }

  async #isDoneBefore(work: Promise<void>, deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options.cluster;
    const over = new AbortController();
    const limit = delay(
      clock,
      Math.max(0, deadlineMs - clock.monotonicMs()),
      AbortSignal.any([over.signal, this.#life.signal]),
    );
    try {
      return await Promise.race([
        work.then(() => true),
        limit.then(
          () => false,
          () => false,
        ),
      ]);
    } finally {
      over.abort();
    }
  }

  #inTurn(callback: () => Promise<void>): Promise<void> {
    const turn = this.#lastCallback.then(callback);
    this.#lastCallback = turn;
    return turn;
  }

  /** What a callback throws is told by the next poll. */
  async #safely(callback: () => Promise<unknown>): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#options.reads.fail(error);
    }
  }

  #run(work: Promise<void>): void {
    const task = abortable(work, this.#life.signal)
      .catch((error: unknown) => {
        if (!this.#life.signal.aborted) this.#options.reads.fail(error);
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}

function readersOf(owned: readonly OwnedPartition[]): PartitionReader[] {
  return owned.flatMap(({ reader }) => reader ?? []);
}

function told(owned: readonly OwnedPartition[]): PartitionName[] {
  return owned
    .filter(({ isTold }) => isTold)
    .map(({ place: { topic, partition } }) => ({ topic, partition }));
}
