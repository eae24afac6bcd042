import type { Readable } from 'node:stream';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import type { Sink } from './output/sink.ts';

/** What a command has of the process it runs in. */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Where progress is drawn; undefined when there is no terminal to draw on. */
  readonly progressStream: NodeJS.WritableStream | undefined;
  /** `STREAMHOUSE_BOOTSTRAP`. */
  readonly bootstrap: string | undefined;
  /** `STREAMHOUSE_SERVER`. */
  readonly server: string | undefined;
  readonly clock: Clock;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
}
