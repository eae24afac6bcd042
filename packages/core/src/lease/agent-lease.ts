/**
 * What an agent may believe about its own session. Nothing here makes data safe: the publish transaction does that,
 * whatever an agent believes (I-04). This machine stops an agent early, so that it does not go on promising what
 * Postgres would refuse.
 *
 * ```
 *            RenewSucceeded, still valid now
 *   lapsed ---------------------------------> held
 *     ^                                         |
 *     +---- any event once `untilMs` is over ---+      RenewRefused, from either: fenced, for ever
 * ```
 * All times are of one monotonic clock; only their differences count (I-22).
 */
import { StreamError } from '../errors.ts';

export interface LeaseTiming {
  /** Milliseconds without a renewal after which others may fence the session. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds that the agent stops earlier than that: what clocks drift apart, and what a step may stall. */
  readonly safetyMarginMs: number;
}

export type AgentLease =
  /** May admit while the clock reads less than `untilMs`. */
  | { readonly kind: 'held'; readonly untilMs: number; readonly timing: LeaseTiming }
  /** Never renewed, or too long ago. A later renewal may succeed: only the fence ends an incarnation. */
  | { readonly kind: 'lapsed'; readonly timing: LeaseTiming }
  | { readonly kind: 'fenced' };

export type AgentLeaseEvent =
  /** A renewal that was sent at `sentMs` has changed the beat. It may arrive late, and after a younger one. */
  | { readonly type: 'RenewSucceeded'; readonly sentMs: number }
  /** Postgres says that the session is fenced. */
  | { readonly type: 'RenewRefused' }
  | { readonly type: 'Tick' };

export type AgentLeaseEffect =
  /** Serve while the clock reads less than `untilMs`; the caller compares, since no event comes during a stall. */
  | { readonly type: 'Admit'; readonly untilMs: number }
  /** Accept nothing new; what is in flight goes on, since its publish is checked anyway. */
  | { readonly type: 'Suspend' }
  /** Drop everything; this incarnation is over. */
  | { readonly type: 'Stop' };

export interface AgentLeaseStep {
  readonly state: AgentLease;
  readonly effects: readonly AgentLeaseEffect[];
}

/**
 * Until when a renewal lets an agent serve, in the milliseconds of the clock that `lastRenewSentMs` was read from.
 * Counted from when it was sent: the database cannot have applied it before that, so nobody who watched the beat for
 * a session timeout can be done earlier.
 */
export function leaseValidUntilMs(lastRenewSentMs: number, timing: LeaseTiming): number {
  return lastRenewSentMs + timing.sessionTimeoutMs - timing.safetyMarginMs;
}

/** An agent that has registered and not yet renewed. */
export function newAgentLease(timing: LeaseTiming): AgentLease {
  return { kind: 'lapsed', timing };
}

/** Whether the agent may admit at `nowMs`. Ask at every admission: the state alone is as old as its last event. */
export function isHeld(lease: AgentLease, nowMs: number): boolean {
  return lease.kind === 'held' && nowMs < lease.untilMs;
}

/** @throws StreamError `internal` when a renewal was sent after `nowMs`: its time is of another clock. */
export function stepAgentLease(
  lease: AgentLease,
  event: AgentLeaseEvent,
  nowMs: number,
): AgentLeaseStep {
  if (lease.kind === 'fenced') return { state: lease, effects: [] };
  switch (event.type) {
    case 'RenewSucceeded':
      return renewed(lease, event.sentMs, nowMs);
    case 'RenewRefused':
      return { state: { kind: 'fenced' }, effects: [{ type: 'Stop' }] };
    case 'Tick':
      return expired(lease, nowMs);
  }
}

type OpenLease = Exclude<AgentLease, { readonly kind: 'fenced' }>;

function renewed(lease: OpenLease, sentMs: number, nowMs: number): AgentLeaseStep {
  if (sentMs > nowMs) {
    throw new StreamError('internal', 'CLOCK', `renewal sent at ${sentMs}, after now, ${nowMs}`);
  }
  const untilMs = leaseValidUntilMs(sentMs, lease.timing);
  const isYounger = lease.kind === 'lapsed' || untilMs > lease.untilMs;
  if (!isYounger || nowMs >= untilMs) return expired(lease, nowMs);
  return {
    state: { kind: 'held', untilMs, timing: lease.timing },
    effects: [{ type: 'Admit', untilMs }],
  };
}

function expired(lease: OpenLease, nowMs: number): AgentLeaseStep {
  if (lease.kind === 'lapsed' || nowMs < lease.untilMs) return { state: lease, effects: [] };
  return { state: { kind: 'lapsed', timing: lease.timing }, effects: [{ type: 'Suspend' }] };
}
