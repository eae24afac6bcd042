import type { OperatorEpoch } from '@streamhouse/store/metadata/operator.ts';

/** One time of leading, as controllers see it. */
export interface LeaderTerm {
  /**
   * Goes with every write to Postgres: one of an older term is refused with OPERATOR_FENCED. The same for the whole term, which
   * may begin while Postgres is away.
   *
   * @throws StreamError while Postgres cannot be asked; `fenced` LEASE_LOST when the term is over.
   */
  epoch(signal: AbortSignal): Promise<OperatorEpoch>;
  /** Aborts when the term ends in good order: take no more keys, finish what runs. */
  readonly stop: AbortSignal;
  /** Aborts when another one may lead: give up what runs. Aborted, `stop` is as well. */
  readonly lost: AbortSignal;
}

/** Reconciles one kind of resource. An operator has a list of them and knows no more of the kinds than this. */
export interface Controller {
  /** For logs and metrics: the kind in lower case. */
  readonly name: string;
  /** Whether its caches have had a complete list. */
  readonly isSynced: boolean;
  /** On the monotonic clock: when the API server last said something to the quietest of its reflectors. */
  readonly lastActivityMs: number;
  /** Follows the API server, leading or not, so that a standby begins with what is known. Until `signal`; never rejects. */
  watch(signal: AbortSignal): Promise<void>;
  /**
   * Reconciles for one term, from when its caches are synced. Resolves when nothing runs any more; rejects only for what
   * ends the term, such as OPERATOR_FENCED.
   */
  lead(term: LeaderTerm): Promise<void>;
}
