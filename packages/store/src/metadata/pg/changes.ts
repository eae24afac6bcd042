import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { Client } from 'pg';
import type { Change, ChangeFeed } from '../changes.ts';
import { clientConfig, type PgOptions } from './connection.ts';

const CHANGES: readonly Change[] = ['topics', 'leases', 'agents', 'groups'];
const BACKOFF = { backoffMs: 100, backoffMaxMs: 2_000 };
/** Milliseconds between looks at a silent connection: one whose other end vanished never says so by itself. */
const PROBE_MS = 5_000;

export interface PgChangesOptions extends PgOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

export class PgChanges implements ChangeFeed {
  readonly #options: PgChangesOptions;
  readonly #stop = new AbortController();
  readonly #loops = new Set<Promise<void>>();

  constructor(options: PgChangesOptions) {
    this.#options = options;
  }

  async listen(onChange: (change: Change) => void, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#stop.signal]);
    const first = Promise.withResolvers<void>();
    const loop = this.#run(onChange, first.resolve, either).finally(() => {
      this.#loops.delete(loop);
      first.reject(either.reason);
    });
    this.#loops.add(loop);
    await first.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  /** Connects again and again until the signal aborts. Never rejects. */
  async #run(
    onChange: (change: Change) => void,
    onFirst: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random, onError } = this.#options;
    let failures = 0;
    let isFirst = true;
    const onListening = (): void => {
      failures = 0;
      // What was sent between two connections is lost.
      if (!isFirst) for (const change of CHANGES) onChange(change);
      isFirst = false;
      onFirst();
    };
    while (!signal.aborted) {
      try {
        await this.#listenOnce(onChange, onListening, signal);
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        failures++;
        await delay(clock, backoffDelayMs(failures, { ...BACKOFF, random }), signal).catch(ignore);
      }
    }
  }

  /** Listens on one connection until it breaks or the signal aborts; rejects either way. */
  async #listenOnce(
    onChange: (change: Change) => void,
    onListening: () => void,
    signal: AbortSignal,
  ): Promise<never> {
    const client = new Client(clientConfig(this.#options));
    const lost = Promise.withResolvers<never>();
    const onAbort = (): void => lost.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection that listens has ended')));
    client.on('notification', ({ payload }) => {
      const change = CHANGES.find((known) => known === payload);
      if (change !== undefined) onChange(change);
    });
    try {
      return await Promise.race([lost.promise, this.#hold(client, onListening, signal)]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      await client.end().catch(ignore);
    }
  }

  async #hold(client: Client, onListening: () => void, signal: AbortSignal): Promise<never> {
    await client.connect();
    await client.query('LISTEN streamhouse');
    onListening();
    for (;;) {
      await delay(this.#options.clock, PROBE_MS, signal);
      await client.query('SELECT');
    }
  }
}

function ignore(): void {}
