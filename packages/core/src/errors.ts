/**
 * The closed list of error kinds. A kind exists only when a caller acts differently on it; `reason` is a
 * stable UPPER_SNAKE string for programs, `message` a sentence for people that says what to do.
 */
export const ERROR_KINDS = [
  /** The request can never succeed as it is. Fix the request. */
  'invalid',
  /** An offset outside the readable range. `details` has `earliest` and `latest`. Seek and go on. */
  'outOfRange',
  'notFound',
  'alreadyExists',
  /** The state forbids it now: someone else owns it or changed it. Read again and decide. */
  'conflict',
  /** A newer life of the caller exists. Stop. */
  'fenced',
  /** Another agent holds the partition. Refresh metadata and go there. */
  'notHolder',
  /** A bound is reached. Wait `retryAfterMs`, then retry. */
  'overloaded',
  /** Nothing was done. Retry. */
  'unavailable',
  /** It is not known whether it was done. Retry only what is idempotent. */
  'indefinite',
  'unauthorized',
  /** Stored or sent bytes are not what was written. */
  'corrupt',
  /** A bug. */
  'internal',
] as const;

/** What a caller does about an error: the closed list. */
export type ErrorKind = (typeof ERROR_KINDS)[number];

const RETRIABLE: ReadonlySet<ErrorKind> = new Set([
  'notHolder',
  'overloaded',
  'unavailable',
  'indefinite',
]);

/** What an error may carry besides kind, reason and message. */
export interface StreamErrorOptions {
  readonly cause?: unknown;
  /** Milliseconds to wait before a retry. */
  readonly retryAfterMs?: number;
  /** Facts for programs, for example the valid range or the holder's address. Never a secret. */
  readonly details?: Readonly<Record<string, string>>;
}

/** The one error type that crosses module and process borders. */
export class StreamError extends Error {
  readonly kind: ErrorKind;
  /** A stable word for programs, in capitals. */
  readonly reason: string;
  /** Milliseconds to wait before a retry, where they are known. */
  readonly retryAfterMs: number | undefined;
  /** Facts for programs, for example the readable range. */
  readonly details: Readonly<Record<string, string>>;

  constructor(kind: ErrorKind, reason: string, message: string, options: StreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StreamError';
    this.kind = kind;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
  }

  /** Whether the same request may succeed later without a change. */
  get isRetriable(): boolean {
    return RETRIABLE.has(this.kind);
  }
}

/** Turns whatever was thrown into a StreamError; an unknown error is `internal`. */
export function toStreamError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StreamError('internal', 'UNEXPECTED', message, { cause: error });
}
