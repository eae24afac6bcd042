/**
 * Many commits become one statement. One is under way at a time, and takes all that came while the one before it ran: so
 * commits of a partition are stored in the order in which they came, and a thousand groups cost what one does.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { retry } from '@streamhouse/core/async/retry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { CommitOutcome, GroupCommit, GroupStore } from '@streamhouse/store/metadata/groups.ts';
import type { AgentMetrics } from '../metrics.ts';

export interface CommitBatcherOptions {
  readonly me: Incarnation;
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AgentMetrics;
  /** Aborts when the incarnation is over. */
  readonly over: AbortSignal;
}

interface Waiting extends PromiseWithResolvers<CommitOutcome> {
  readonly commit: GroupCommit;
  readonly sinceMs: number;
}

/** A commit can be stored again when its outcome is unknown, as long as none after it is. */
const RETRY = { backoffMs: 20, backoffMaxMs: 500, timeoutMs: 5000 };
const FULL_MS = 100;

export class CommitBatcher {
  readonly #options: CommitBatcherOptions;
  #waiting: Waiting[] = [];
  #offsets = 0;
  #isRunning = false;

  constructor(options: CommitBatcherOptions) {
    this.#options = options;
  }

  /** @throws StreamError `overloaded` COMMITS_WAITING; else what the store throws. */
  commit(commit: GroupCommit): Promise<CommitOutcome> {
    if (this.#offsets + commit.offsets.length > LIMITS.commitOffsetsWaitingMax) {
      const message = `${this.#offsets} offsets wait to be committed already`;
      throw new StreamError('overloaded', 'COMMITS_WAITING', message, { retryAfterMs: FULL_MS });
    }
    const { clock } = this.#options;
    const waiting = {
      ...Promise.withResolvers<CommitOutcome>(),
      commit,
      sinceMs: clock.monotonicMs(),
    };
    this.#waiting.push(waiting);
    this.#offsets += commit.offsets.length;
    if (!this.#isRunning) {
      this.#isRunning = true;
      // Whatever has arrived in this turn goes along.
      clock.nextTurn(() => void this.#run());
    }
    return waiting.promise;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#store(this.#take());
    this.#isRunning = false;
  }

  /** As many as fit into one statement, and one at least. */
  #take(): readonly Waiting[] {
    let offsets = 0;
    const end = this.#waiting.findIndex(({ commit }, index) => {
      offsets += commit.offsets.length;
      return index > 0 && offsets > LIMITS.requestPartitionsMax;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    const { me, store, clock, random, metrics, over } = this.#options;
    const commits = batch.map(({ commit }) => commit);
    try {
      const outcomes = await retry({ ...RETRY, clock, random, signal: over }, (signal) =>
        store.commit(me, commits, signal),
      );
      const nowMs = clock.monotonicMs();
      for (const [index, { commit, sinceMs, resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error('a commit without its outcome'));
        else resolve(outcome);
        metrics.observeCommit(nowMs - sinceMs, commit.offsets.length);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { commit } of batch) this.#offsets -= commit.offsets.length;
    }
  }
}
