/** The signs of life of a member: a stream to its coordinator, which tells on it at once what there is to do. */
import type { ServiceError } from '@grpc/grpc-js';
import type { HeartbeatRequest } from '@streamhouse/api/gen/streamhouse/v1/HeartbeatRequest.ts';
import {
  type HeartbeatResponse__Output as HeartbeatResponse,
  _streamhouse_v1_HeartbeatResponse_State as State,
} from '@streamhouse/api/gen/streamhouse/v1/HeartbeatResponse.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { Trigger } from '@streamhouse/core/async/run-loop.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { AgentChannel } from '../cluster/agent-channel.ts';
import { callError } from '../cluster/wire-error.ts';
import { newBeatPhase, untilBeat } from './beat-times.ts';
import type { GroupCoordinator } from './coordinator.ts';

export interface HeartbeatsOptions {
  readonly coordinator: GroupCoordinator;
  readonly clock: Clock;
  readonly random: Random;
  readonly intervalMs: number;
  /** Milliseconds without an answer after which the coordinator counts as one that does not run. */
  readonly silenceMs: number;
  readonly current: () => Required<HeartbeatRequest> & { readonly memberId: string };
  readonly onRebalancing: (memberId: string) => void;
  /** The member is not what it says, or is not there any more. */
  readonly onRefused: (memberId: string, error: StreamError) => void;
}

export class Heartbeats implements AsyncDisposable {
  readonly #options: HeartbeatsOptions;
  readonly #trigger = new Trigger();
  readonly #phaseMs: number;
  #life: AbortController | undefined;
  #loops: Promise<unknown> = Promise.resolve();
  /** Whom the last beat was for. */
  #memberId = '';

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#phaseMs = newBeatPhase(options.intervalMs, options.random);
  }

  /** Beats from now on; the first one comes an interval later, when the member has joined. */
  start(): void {
    if (this.#life !== undefined) return;
    this.#life = new AbortController();
    this.#loops = Promise.all([this.#loops, this.#beatAlways(this.#life.signal)]);
  }

  stop(): void {
    this.#life?.abort(new StreamError('conflict', 'CLOSED', 'the member has left'));
    this.#life = undefined;
  }

  /** Beats at once: the answer tells what was missed. */
  beat(): void {
    this.#trigger.fire();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#loops;
  }

  async #beatAlways(signal: AbortSignal): Promise<void> {
    const { coordinator, onRefused } = this.#options;
    for (;;) {
      await this.#pause(signal);
      if (signal.aborted) return;
      try {
        await coordinator.visit(signal, (channel) => this.#stream(channel, signal));
      } catch (error) {
        if (signal.aborted) return;
        onRefused(this.#memberId, toStreamError(error));
      }
    }
  }

  /** Resolves after an interval, when a beat is asked for, or when the signal aborts. */
  #pause(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        stopWaiting();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.schedule(intervalMs, end);
      const stopWaiting = this.#trigger.onFire(end);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted || this.#trigger.take()) end();
    });
  }

  /** Never resolves: it ends with an error, which says whether another stream may do better. */
  #stream(channel: AgentChannel, signal: AbortSignal): Promise<never> {
    const { coordinator, clock, intervalMs, silenceMs, current, onRebalancing } = this.#options;
    return new Promise((_, reject) => {
      const stream = channel.group.heartbeat();
      let cancelBeat = (): void => {};
      let cancelSilence: (() => void) | undefined;
      const end = (error: unknown): void => {
        cancelBeat();
        cancelSilence?.();
        stopWaiting();
        signal.removeEventListener('abort', onAbort);
        stream.cancel();
        reject(error);
      };
      const onAbort = (): void => end(signal.reason);
      const onSilence = (): void => {
        coordinator.suspect();
        end(silent(silenceMs));
      };
      this.#memberId = current().memberId;
      const beat = (): void => {
        cancelBeat();
        const request = current();
        if (request.memberId !== this.#memberId) return end(otherMember());
        stream.write(request);
        cancelBeat = clock.schedule(untilBeat(clock.wallMs(), intervalMs, this.#phaseMs), beat);
        cancelSilence ??= clock.schedule(silenceMs, onSilence);
      };
      stream.on('data', ({ state }: HeartbeatResponse) => {
        cancelSilence?.();
        cancelSilence = undefined;
        if (state === State.STATE_REBALANCING) onRebalancing(this.#memberId);
      });
      stream.on('error', (error: ServiceError) => end(callError(error)));
      stream.on('end', () => end(streamEnded()));
      signal.addEventListener('abort', onAbort, { once: true });
      const stopWaiting = this.#trigger.onFire(() => {
        this.#trigger.take();
        beat();
      });
      beat();
      if (signal.aborted) onAbort();
    });
  }
}

function silent(silenceMs: number): StreamError {
  const message = `the coordinator does not answer within ${silenceMs} ms`;
  return new StreamError('indefinite', 'COORDINATOR_SILENT', message);
}

/** A stream is for one life of a member. */
function otherMember(): StreamError {
  return new StreamError('unavailable', 'OTHER_MEMBER', 'the member has begun another life');
}

function streamEnded(): StreamError {
  return new StreamError('unavailable', 'STREAM_ENDED', 'the coordinator has ended the heartbeats');
}
