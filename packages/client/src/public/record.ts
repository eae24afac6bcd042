/** Records as users see them. */

/** A text, which becomes UTF-8, or bytes, which must not change before the promise of the call is settled. */
export type Payload = Uint8Array | string;

/** A header of a record to be produced. */
export interface HeaderInput {
  readonly name: string;
  readonly value?: Payload | null;
}

/** A record to be produced, without its topic. */
export interface RecordInput {
  /** Absent or null: no key. */
  readonly key?: Payload | null;
  /** Absent or null: a tombstone. */
  readonly value?: Payload | null;
  /** Either names with values, or a list where a name may come more than once. */
  readonly headers?: Readonly<Record<string, Payload | null>> | readonly HeaderInput[];
  /** Milliseconds since 1970. Default: now. */
  readonly timestampMs?: number;
  /** An explicit partition wins over the key. */
  readonly partition?: number;
}

/** A record to be produced. */
export interface ProducerRecord extends RecordInput {
  readonly topic: string;
}

/** Where a record went. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** Place in the partition, from 0. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

/** A header of a record that was read. */
export interface RecordHeader {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/**
 * A record that was read. Key, value and headers are views of the batch they came in: a record that is kept for long
 * keeps its batch in memory, so copy what is to stay.
 */
export interface ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  /** Place in the partition, from 0. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** null: no key. */
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}
