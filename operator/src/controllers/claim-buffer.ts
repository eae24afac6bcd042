import type { Clock } from '@streamhouse/core/async/clock.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';

/** Long enough for what one turn of the queue brings, short enough that nobody waits for it. */
const GATHER_MS = 2;

type Claim = (wishes: readonly TopicWish[]) => Promise<readonly ClaimOutcome[]>;

interface Waiting {
  readonly wish: TopicWish;
  readonly resolve: (outcome: ClaimOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one statement of the wishes of many workers. One statement at a time: they wait for each other in Postgres anyway, and
 * those that come meanwhile share the next one. Its bound is the number of workers.
 */
export class ClaimBuffer {
  readonly #claim: Claim;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #isDue = false;

  constructor(claim: Claim, clock: Clock) {
    this.#claim = claim;
    this.#clock = clock;
  }

  claim(wish: TopicWish): Promise<ClaimOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wish, resolve, reject });
      if (this.#isDue) return;
      this.#isDue = true;
      this.#clock.schedule(GATHER_MS, () => void this.#drain());
    });
  }

  /** Never rejects: each wish has its own end. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#settle(this.#waiting.splice(0, LIMITS.claimTopicsMax));
    }
    this.#isDue = false;
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#claim(batch.map(({ wish }) => wish));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error('a wish had no outcome'));
        else resolve(outcome);
      }
    } catch (error) {
      const { isRetriable, kind } = toStreamError(error);
      const isOfOne = !isRetriable && kind !== 'fenced' && batch.length > 1;
      // A wish that the database chokes on must not take the others with it.
      if (isOfOne) for (const waiting of batch) await this.#settle([waiting]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
