/**
 * The durable bytes. An object is written once, whole, and never changed; keys are never reused (I-07).
 * No key may be a prefix of another followed by `/`: some servers keep keys as paths and would hide one of them.
 */
export interface ObjectStore {
  /**
   * Writes an object that must not exist yet (`If-None-Match: *`). Durable once resolved.
   *
   * @throws StreamError `invalid` for a key outside of the form in key.ts; `alreadyExists` OBJECT_EXISTS when the key is taken, whatever its bytes; `unavailable` when
   *   nothing was written; `indefinite` when it may have been or may yet be (I-10); `unauthorized`; `notFound` BUCKET_MISSING.
   */
  put(key: string, bytes: Uint8Array, options: CallOptions): Promise<void>;

  /**
   * Reads `[position, position + length)`. Shorter only at the end of the object.
   *
   * @throws StreamError `notFound` OBJECT_MISSING, `unavailable`, `unauthorized`.
   */
  get(key: string, range: ByteRange, options: CallOptions): Promise<Uint8Array>;

  /** Size of an object in bytes, or undefined when there is none. */
  size(key: string, options: CallOptions): Promise<number | undefined>;

  /** Keys under a prefix in byte order, page by page: memory stays bounded whatever the count. */
  list(prefix: string, options: CallOptions): AsyncIterable<StoredObject>;

  /** Deletes an object; no error when there is none. */
  delete(key: string, options: CallOptions): Promise<void>;

  /** Fails with the cause when the store cannot be used: no bucket, no right, no route (B-18). */
  check(options: CallOptions): Promise<void>;

  [Symbol.asyncDispose](): Promise<void>;
}

export interface CallOptions {
  /** Aborting rejects the call with the signal's reason; a put that may already have been sent with `indefinite`. */
  readonly signal: AbortSignal;
}

export interface ByteRange {
  readonly position: number;
  readonly length: number;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}
