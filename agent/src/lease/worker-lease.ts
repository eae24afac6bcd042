/**
 * The lease keeper. Renewals run in a worker thread with a connection of their own, so that a long synchronous task in the
 * main thread delays none of them. What the main thread believes is core's machine, fed with when each renewal was sent,
 * so that a stalled main thread cannot make it lie either. The main thread shows progress in turn: an agent whose event
 * loop hangs for good is renewed no longer, and others take its partitions.
 */
import { Worker } from 'node:worker_threads';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { Secret } from '@streamhouse/core/secret.ts';
import {
  type AgentLease,
  type AgentLeaseEvent,
  isHeld,
  newAgentLease,
  stepAgentLease,
} from '@streamhouse/core/lease/agent-lease.ts';
import type { SessionLease, SessionLeaseOpener, SessionLeaseOptions } from './session-lease.ts';

export interface WorkerLeaseSettings {
  readonly metadataUrl: Secret;
  readonly agentId: string;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  /** Milliseconds without progress of the main thread after which the session is left to expire. */
  readonly stallMsMax: number;
}

/** What the worker is started with. */
export interface RenewWorkerData {
  readonly metadataUrl: string;
  readonly agentId: string;
  readonly incarnation: number;
  readonly heartbeatIntervalMs: number;
  readonly stallMsMax: number;
}

/** What the worker tells. Times are of the monotonic clock, which all threads of a process share. */
export type RenewWorkerMessage =
  | { readonly type: 'renewed'; readonly sentMs: number }
  | { readonly type: 'refused' }
  | { readonly type: 'failed'; readonly message: string };

const PROGRESS_EVERY_MS = 500;
/** Share of the session timeout given up: an append admitted at the last moment still has its flush before it. */
const SAFETY_MARGIN = 0.1;

export function workerLeaseOpener(
  settings: WorkerLeaseSettings,
  onError: (message: string) => void,
): SessionLeaseOpener {
  return (options) => new WorkerLease(settings, options, onError);
}

class WorkerLease implements SessionLease {
  readonly fenced: Promise<void>;
  heardMs: number;
  readonly #worker: Worker;
  #cancelProgress: () => void = () => undefined;
  readonly #onError: (message: string) => void;
  readonly #onFenced: () => void;
  #lease: AgentLease;

  constructor(
    settings: WorkerLeaseSettings,
    options: SessionLeaseOptions,
    onError: (message: string) => void,
  ) {
    const { sessionTimeoutMs, heartbeatIntervalMs, stallMsMax, agentId } = settings;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.fenced = promise;
    this.#onFenced = resolve;
    this.heardMs = systemClock.monotonicMs();
    this.#onError = onError;
    this.#lease = newAgentLease({
      sessionTimeoutMs,
      safetyMarginMs: sessionTimeoutMs * SAFETY_MARGIN,
    });
    this.#step({ type: 'RenewSucceeded', sentMs: options.registeredMs });
    const workerData: RenewWorkerData = {
      metadataUrl: settings.metadataUrl.reveal(),
      agentId,
      incarnation: options.incarnation,
      heartbeatIntervalMs,
      stallMsMax,
    };
    this.#worker = new Worker(new URL('./renew-worker.ts', import.meta.url), { workerData });
    this.#worker.on('message', (message: RenewWorkerMessage) => this.#hear(message));
    // Without its keeper the session would expire and nothing would be admitted ever again: a new life must begin.
    this.#worker.on('error', (error) => {
      onError(`the lease keeper died: ${String(error)}`);
      this.#step({ type: 'RenewRefused' });
    });
    this.#showProgress();
  }

  isHeld(nowMs: number): boolean {
    return isHeld(this.#lease, nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelProgress();
    await this.#worker.terminate();
  }

  #showProgress(): void {
    this.#worker.postMessage('progress');
    this.#cancelProgress = systemClock.schedule(PROGRESS_EVERY_MS, () => this.#showProgress());
  }

  #hear(message: RenewWorkerMessage): void {
    this.heardMs = systemClock.monotonicMs();
    switch (message.type) {
      case 'renewed':
        this.#step({ type: 'RenewSucceeded', sentMs: message.sentMs });
        break;
      case 'refused':
        this.#step({ type: 'RenewRefused' });
        break;
      case 'failed':
        this.#onError(message.message);
        break;
    }
  }

  #step(event: AgentLeaseEvent): void {
    const { state, effects } = stepAgentLease(this.#lease, event, systemClock.monotonicMs());
    this.#lease = state;
    if (effects.some((effect) => effect.type === 'Stop')) this.#onFenced();
  }
}
