import type { Offset } from '../ids.ts';

/** A name and a value that travel beside a record's value. Names may repeat. */
export interface RecordHeader {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** What a user reads. Its bytes are views into the batch that it came in: copy them to keep them for long. */
export interface Record {
  readonly offset: Offset;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}
