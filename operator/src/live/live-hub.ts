/** All sockets of one server, and the one look at the cluster that all of them are told. */
import { LIVE_CLOSE, LIVE_INTERVAL } from '@streamhouse/api/live.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { LiveClient } from './live-client.ts';
import type { LiveState } from './live-state.ts';

/** Milliseconds that an identity is believed, before its token and rights are looked at again. */
const AUTHORIZED_MS = 60_000;
const GOING_AWAY = 1001;
const STOPPING = 'the server stops';

export interface LiveHubOptions {
  /** What is told, with the next number. */
  readonly look: (sequence: number, signal: AbortSignal) => Promise<LiveState>;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

interface Joined {
  readonly client: LiveClient;
  readonly authorize: Authorize;
  authorizedMs: number;
  /** Whether its rights are being looked at. */
  isAsked: boolean;
}

/** @throws StreamError `unauthorized` when its client may no longer listen. */
export type Authorize = (signal: AbortSignal) => Promise<void>;

export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #joined = new Set<Joined>();
  readonly #stop = new AbortController();
  readonly #checks = new Set<Promise<void>>();
  /** The last two that were looked at: nobody is told what has changed since an older one. */
  #before: LiveState | undefined;
  #state: LiveState | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<LiveState> | undefined;
  #sequence = 0;
  #isEnding = false;

  constructor(options: LiveHubOptions) {
    this.#options = options;
  }

  /** @throws StreamError `overloaded` LIVE_CLIENTS; `unavailable` STOPPING. */
  checkRoom(): void {
    if (this.#isEnding) throw new StreamError('unavailable', 'STOPPING', STOPPING);
    if (this.#joined.size < LIMITS.liveClientsMax) return;
    const message = `${LIMITS.liveClientsMax} sockets are open: close others first`;
    throw new StreamError('overloaded', 'LIVE_CLIENTS', message, { retryAfterMs: 10_000 });
  }

  /** Takes a client whose rights were just looked at, and tells it the state. */
  join(client: LiveClient, authorize: Authorize): void {
    const { clock, onError } = this.#options;
    if (this.#isEnding) return client.close(GOING_AWAY, STOPPING);
    const joined = { client, authorize, authorizedMs: clock.monotonicMs(), isAsked: false };
    this.#joined.add(joined);
    client.onClose(() => this.#joined.delete(joined));
    this.#current().then(
      (state) => client.tell(state, undefined),
      (error: unknown) => {
        onError(error);
        client.close(LIVE_CLOSE.tryAgain, 'the cluster cannot be looked at now');
      },
    );
  }

  /** Tells all of them what is new, until the signal aborts; then lets them go. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    const everyMs = LIVE_INTERVAL.default;
    signal.addEventListener('abort', () => this.#stop.abort(signal.reason), { once: true });
    const loop = { name: 'live', everyMs, clock, random, signal, onError };
    await runLoop(loop, () => this.#tellAll());
    this.end();
    await Promise.all(this.#checks);
  }

  /** Lets all of them go, and takes no more. */
  end(): void {
    this.#isEnding = true;
    for (const { client } of this.#joined) client.close(GOING_AWAY, STOPPING);
  }

  async #tellAll(): Promise<void> {
    for (const joined of this.#joined) {
      joined.client.keepAlive();
      this.#checkAgain(joined);
    }
    const due = [...this.#joined].filter(({ client }) => client.isDue);
    if (due.length === 0) return;
    const state = await this.#look();
    for (const { client } of due) client.tell(state, this.#before);
  }

  #checkAgain(joined: Joined): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (joined.isAsked || nowMs - joined.authorizedMs < AUTHORIZED_MS) return;
    joined.isAsked = true;
    const check = joined
      .authorize(this.#stop.signal)
      .then(
        () => {
          joined.authorizedMs = nowMs;
        },
        (error: unknown) => {
          const { reason, message } = toStreamError(error);
          joined.client.close(closeCode(reason), message.slice(0, REASON_CHARS_MAX));
        },
      )
      .finally(() => {
        joined.isAsked = false;
        this.#checks.delete(check);
      });
    this.#checks.add(check);
  }

  /** As it was told last, or looked at for whoever came first. */
  async #current(): Promise<LiveState> {
    const ageMs = this.#options.clock.monotonicMs() - this.#lookedMs;
    if (this.#state !== undefined && ageMs < LIVE_INTERVAL.default) return this.#state;
    return await this.#look();
  }

  /** One at a time, whoever asks. */
  #look(): Promise<LiveState> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<LiveState> {
    const { look, clock } = this.#options;
    const state = await look(++this.#sequence, this.#stop.signal);
    this.#before = this.#state;
    this.#state = state;
    this.#lookedMs = clock.monotonicMs();
    return state;
  }
}

/** Bytes of a close's reason are 123 at most. */
const REASON_CHARS_MAX = 100;

/** Who cannot be looked at now may come again, and is then looked at anew. */
function closeCode(reason: string): number {
  if (reason === 'UNAUTHENTICATED') return LIVE_CLOSE.unauthenticated;
  if (reason === 'FORBIDDEN') return LIVE_CLOSE.forbidden;
  return LIVE_CLOSE.tryAgain;
}
