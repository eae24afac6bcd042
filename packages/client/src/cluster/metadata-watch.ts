/** One WatchMetadata stream, from its start to its end. */
import type { GetMetadataResponse__Output as MetadataMessage } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import type { WatchMetadataResponse__Output as WatchMessage } from '@streamhouse/api/gen/streamhouse/v1/WatchMetadataResponse.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { AgentChannel } from './agent-channel.ts';

/**
 * An agent sends a message at least every second. One that is silent for longer than this does not run any more, although
 * its connection may look well: a stopped process still has its sockets.
 */
const WATCH_SILENCE_MS = 2_500;

export interface WatchOptions {
  readonly topics: readonly string[];
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** A StreamError that it throws ends the watch. */
  readonly onMetadata: (metadata: MetadataMessage) => void;
}

/** Resolves when the stream has ended, for whatever reason: whether the agent was heard at all. */
export function watchMetadata(channel: AgentChannel, options: WatchOptions): Promise<boolean> {
  const { clock, signal, onMetadata } = options;
  return new Promise((resolve) => {
    const stream = channel.metadata.watchMetadata({ topics: [...options.topics] });
    let wasHeard = false;
    const end = (): void => {
      cancelSilence();
      signal.removeEventListener('abort', end);
      stream.cancel();
      resolve(wasHeard);
    };
    let cancelSilence = clock.schedule(WATCH_SILENCE_MS, end);
    stream.on('data', (message: WatchMessage) => {
      wasHeard = true;
      cancelSilence();
      cancelSilence = clock.schedule(WATCH_SILENCE_MS, end);
      try {
        if (message.metadata) onMetadata(message.metadata);
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        // Of no use, as if it had said nothing: another agent is asked.
        wasHeard = false;
        end();
      }
    });
    // A cancelled stream reports an error too; without a listener it would end the process.
    stream.on('error', end);
    stream.on('end', end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
