/**
 * When each agent's heartbeat was last seen to move. Beats carry no time (I-22), so it is the time of the look that found
 * another value: late by up to a second, and unknown until a beat has moved once.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import type { AgentStore } from '@streamhouse/store/metadata/agents.ts';

const EVERY_MS = 1_000;
/** Milliseconds without a beat after which an agent may be given up: the session timeout of agents. */
const STALE_MS = 3_000;
/** A look that comes late sees beats late. */
const LOOK_MS_MAX = 2_000;
/** As long as the catalogue lists an agent that was given up. */
const GONE_MS_MAX = 600_000;

interface Beat {
  readonly beat: number;
  /** Monotonic: when it was first seen. */
  readonly seenMs: number;
  /** Undefined while only one value was seen. */
  readonly movedAtMs: number | undefined;
}

export interface HeartbeatWatchOptions {
  readonly agents: Pick<AgentStore, 'live'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

export class HeartbeatWatch {
  readonly #options: HeartbeatWatchOptions;
  #beats: ReadonlyMap<Incarnation, Beat> = new Map();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: HeartbeatWatchOptions) {
    this.#options = options;
  }

  /** Milliseconds since 1970; undefined when no beat was seen to move. */
  lastHeartbeatMs(incarnation: Incarnation): number | undefined {
    return this.#beats.get(incarnation)?.movedAtMs;
  }

  /** Whether its beat stands still for too long. Not while nobody looks: then nothing is known. */
  isStale(incarnation: Incarnation): boolean {
    const beat = this.#beats.get(incarnation);
    const nowMs = this.#options.clock.monotonicMs();
    const isLooking = nowMs - this.#lookedMs <= LOOK_MS_MAX;
    return isLooking && beat !== undefined && this.#lookedMs - beat.seenMs > STALE_MS;
  }

  /** Looks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    await runLoop(
      { name: 'heartbeat-watch', everyMs: EVERY_MS, clock, random, signal, onError },
      async () => await this.look(signal),
    );
  }

  /** Looks once. */
  async look(signal: AbortSignal): Promise<void> {
    const { agents, clock } = this.#options;
    const sessions = await agents.live(signal);
    const nowMs = clock.monotonicMs();
    const beats = new Map<Incarnation, Beat>();
    for (const [incarnation, beat] of this.#beats) {
      const isGone = sessions.every((session) => session.incarnation !== incarnation);
      // What was known of one that was given up is shown for as long as it is listed.
      if (isGone && nowMs - beat.seenMs < GONE_MS_MAX) beats.set(incarnation, beat);
    }
    for (const { incarnation, beat } of sessions) {
      const known = this.#beats.get(incarnation);
      const moved = { beat, seenMs: nowMs, movedAtMs: known && clock.wallMs() };
      beats.set(incarnation, known?.beat === beat ? known : moved);
    }
    this.#beats = beats;
    this.#lookedMs = nowMs;
  }
}
