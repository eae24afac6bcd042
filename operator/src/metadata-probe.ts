/** Whether Postgres can be used, and the schema brought up to date the first time that it can. */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { Logger } from './log.ts';

const EVERY_MS = 5_000;

export interface MetadataProbeOptions {
  readonly store: Pick<Metadata, 'check'>;
  readonly migrate?: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export class MetadataProbe {
  readonly #options: MetadataProbeOptions;
  #fault: StreamError | undefined = new StreamError(
    'unavailable',
    'POSTGRES_NOT_ASKED',
    'Postgres was not asked yet',
  );
  #isMigrated = false;
  #migrating: Promise<void> | undefined;

  constructor(options: MetadataProbeOptions) {
    this.#options = options;
  }

  /** Why Postgres cannot be used, as of the last look. */
  get fault(): string | undefined {
    return this.#fault?.message;
  }

  /** Resolves once the schema is that of this program. One migration at a time, whoever asks. */
  async migrated(signal: AbortSignal): Promise<void> {
    if (this.#isMigrated) return;
    this.#migrating ??= (this.#options.migrate?.(signal) ?? Promise.resolve()).finally(() => {
      this.#migrating = undefined;
    });
    await this.#migrating;
    this.#isMigrated = true;
  }

  /** Looks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, store } = this.#options;
    const onError = (error: unknown): void => {
      const known = toStreamError(error);
      if (known.message !== this.#fault?.message) {
        log.warn({ err: error }, 'Postgres cannot be used; it is tried again');
      }
      this.#fault = known;
    };
    await runLoop(
      { name: 'metadata-probe', everyMs: EVERY_MS, jitter: 0.2, clock, random, signal, onError },
      async () => {
        await this.migrated(signal);
        await store.check(signal);
        this.#fault = undefined;
      },
    );
  }
}
