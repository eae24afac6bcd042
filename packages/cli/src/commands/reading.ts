import type { ConnectOptions, TopicDescription } from '@streamhouse/client/mod.ts';
import type { ReadFrom } from '../options.ts';
import type { RecordPrinter } from '../output/record-printer.ts';

/** What `consume` is to read, and where it goes. */
export interface Reading {
  readonly topic: TopicDescription;
  readonly connect: ConnectOptions;
  readonly from: ReadFrom;
  /** Whether it goes on at the end. */
  readonly isFollowing: boolean;
  /** Records that are printed at most; may be infinite. */
  readonly max: number;
  readonly printer: RecordPrinter;
  /** Aborts when nobody wants more. */
  readonly stop: AbortSignal;
}

/** How many records one poll returns at most. */
export const POLL_RECORDS_MAX = 5_000;
/** How long a poll waits for records before the end is looked at again. */
export const POLL_MS = 500;
