import type { Incarnation } from '@streamhouse/core/ids.ts';

/** What an agent may believe about its own session. Nobody but the keeper moves it on. */
export interface SessionLease {
  /** Whether nobody can have waited for this session's timeout yet, at this monotonic time. */
  isHeld(nowMs: number): boolean;
  /** When the keeper last told of a renewal or of a failed one: whether it makes progress at all. */
  readonly heardMs: number;
  /** Resolves when the session is fenced: the incarnation is over. */
  readonly fenced: Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SessionLeaseOptions {
  readonly incarnation: Incarnation;
  /** Monotonic milliseconds at which the registration was sent: it counts as the first renewal. */
  readonly registeredMs: number;
}

/** Starts the renewals of a new session. */
export type SessionLeaseOpener = (options: SessionLeaseOptions) => SessionLease;
