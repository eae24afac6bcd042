/**
 * The session's keeper on virtual time: the loop of the worker thread and the machine that it feeds, in one process. A real
 * one has a thread of its own, which no simulation can run.
 */
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import {
  type AgentLease,
  type AgentLeaseEvent,
  isHeld,
  newAgentLease,
  stepAgentLease,
} from '@streamhouse/core/lease/agent-lease.ts';
import type { SessionLease, SessionLeaseOptions } from '@streamhouse/agent/lease/session-lease.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';

export interface SimLeaseOptions {
  readonly clock: Clock;
  readonly metadata: Metadata;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
}

const SAFETY_MARGIN = 0.1;

export class SimLease implements SessionLease {
  readonly fenced: Promise<void>;
  readonly heardMs: number;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #onFenced: () => void;
  readonly #renewing: Promise<void>;
  #lease: AgentLease;

  constructor(options: SimLeaseOptions, { incarnation, registeredMs }: SessionLeaseOptions) {
    const { clock, metadata, sessionTimeoutMs } = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.fenced = promise;
    this.#onFenced = resolve;
    this.#clock = clock;
    this.heardMs = clock.monotonicMs();
    const safetyMarginMs = sessionTimeoutMs * SAFETY_MARGIN;
    this.#lease = newAgentLease({ sessionTimeoutMs, safetyMarginMs });
    this.#step({ type: 'RenewSucceeded', sentMs: registeredMs });
    this.#renewing = runLoop(
      {
        name: 'renew',
        everyMs: options.heartbeatIntervalMs,
        clock,
        random: () => 0,
        signal: this.#stop.signal,
        onError: () => undefined,
      },
      async (signal) => {
        const sentMs = clock.monotonicMs();
        const isRenewed = await metadata.agents.renew(incarnation, signal);
        if (!isRenewed) this.#stop.abort();
        this.#step(isRenewed ? { type: 'RenewSucceeded', sentMs } : { type: 'RenewRefused' });
      },
    );
  }

  isHeld(nowMs: number): boolean {
    return isHeld(this.#lease, nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
  }

  #step(event: AgentLeaseEvent): void {
    const { state, effects } = stepAgentLease(this.#lease, event, this.#clock.monotonicMs());
    this.#lease = state;
    if (effects.some((effect) => effect.type === 'Stop')) this.#onFenced();
  }
}
