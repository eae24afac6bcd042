/** One socket: what it may cost, and what it was told. */
import { LIVE_REQUEST } from '@streamhouse/api/live-schema.ts';
import { LIVE_CLOSE, LIVE_INTERVAL } from '@streamhouse/api/live.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { WebSocket } from 'ws';
import type { LiveState } from './live-state.ts';

/** `monitoring`: founding frames. `events`: a snapshot, then deltas. */
export type LiveFeed = 'monitoring' | 'events';

/** Milliseconds between the server's pings, and without any sign of a client until it counts as gone. */
const PING_EVERY_MS = 20_000;
const SILENT_MS = 60_000;
const MINUTE_MS = 60_000;
/** Milliseconds that a client has to answer a close, before its connection is cut. */
const LINGER_MS = 5_000;
/** How much earlier than asked an event may be: looks do not come to the millisecond. */
const EARLY_MS = 500;
const POLICY = 1008;

export class LiveClient {
  readonly feed: LiveFeed;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #intervalMs: number = LIVE_INTERVAL.default;
  #toldSequence: number | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  #heardMs: number;
  #pingedMs: number;
  #minuteMs: number;
  #messages = 0;
  #isClosing = false;

  constructor(socket: WebSocket, feed: LiveFeed, clock: Clock) {
    this.feed = feed;
    this.#socket = socket;
    this.#clock = clock;
    this.#heardMs = this.#pingedMs = this.#minuteMs = clock.monotonicMs();
    // The library closes with the code that fits before it tells: 1002, 1007, 1008 or 1009.
    socket.on('error', () => this.#cut());
    socket.on('message', (bytes, isBinary) => {
      if (this.#heard()) this.#take(Buffer.isBuffer(bytes) && !isBinary ? bytes.toString() : '');
    });
    socket.on('ping', (bytes) => {
      if (this.#heard()) socket.pong(bytes);
    });
    socket.on('pong', () => this.#heard());
  }

  get isDue(): boolean {
    return this.#clock.monotonicMs() - this.#toldMs >= this.#intervalMs - EARLY_MS;
  }

  onClose(run: () => void): void {
    this.#socket.once('close', run);
  }

  /** Tells the state: as what has changed since `before`, if that was told last, and whole otherwise. */
  tell(state: LiveState, before: LiveState | undefined): void {
    if (this.#isClosing) return;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > LIMITS.liveBufferedBytesMax) {
      this.close(LIVE_CLOSE.tryAgain, 'what was sent before is not read');
      return;
    }
    this.#socket.send(this.#frameOf(state, before), { binary: false });
    this.#toldSequence = state.sequence;
    this.#toldMs = this.#clock.monotonicMs();
  }

  /** Asks for a sign of life from time to time, and gives up who shows none. */
  keepAlive(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#heardMs > SILENT_MS) this.#cut();
    else if (nowMs - this.#pingedMs >= PING_EVERY_MS) {
      this.#pingedMs = nowMs;
      this.#socket.ping();
    }
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.close(code, reason);
    const cancel = this.#clock.schedule(LINGER_MS, () => this.#cut());
    this.#socket.once('close', cancel);
  }

  #frameOf(state: LiveState, before: LiveState | undefined): Buffer {
    if (this.feed === 'monitoring') return state.monitoring();
    const isNext = before !== undefined && before.sequence === this.#toldSequence;
    return isNext ? state.delta(before) : state.snapshot();
  }

  /** Whether what the client sent is to be looked at: not too much of it. */
  #heard(): boolean {
    if (this.#isClosing) return false;
    const nowMs = this.#clock.monotonicMs();
    this.#heardMs = nowMs;
    if (nowMs - this.#minuteMs >= MINUTE_MS) {
      this.#minuteMs = nowMs;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages <= LIMITS.liveMessagesPerMinuteMax) return true;
    this.close(POLICY, `more than ${LIMITS.liveMessagesPerMinuteMax} messages in a minute`);
    // Nothing more is read of it: not even its answer to the close.
    this.#socket.pause();
    return false;
  }

  #take(text: string): void {
    const request = LIVE_REQUEST.safeParse(parsed(text));
    if (request.success) this.#intervalMs = request.data.intervalMs;
    else {
      const { min, max } = LIVE_INTERVAL;
      this.close(POLICY, `say {"intervalMs":n} with n in ${min}..${max}`);
    }
  }

  #cut(): void {
    this.#isClosing = true;
    this.#socket.terminate();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
