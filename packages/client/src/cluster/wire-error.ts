/** Errors as they come over the wire, as the one error type that callers see. */
import type { ServiceError } from '@grpc/grpc-js';
import type { Error__Output as ErrorMessage } from '@streamhouse/api/gen/streamhouse/v1/Error.ts';
import { decodeStatus, isErrorKind, STATUS_DETAILS_KEY } from '@streamhouse/api/status.ts';
import { StreamError } from '@streamhouse/core/errors.ts';

const GRPC_UNAVAILABLE = 14;
/** Reason of an error whose request has not left this process. */
export const NOT_CONNECTED = 'NOT_CONNECTED';
/** How the library words that. */
const NOT_SENT = 'No connection established';

/** The error of a whole call. */
export function callError(error: ServiceError): StreamError {
  const [details] = error.metadata?.get(STATUS_DETAILS_KEY) ?? [];
  if (error.code === GRPC_UNAVAILABLE && details === undefined) return connectionError(error);
  const bytes = typeof details === 'string' ? undefined : details;
  return decodeStatus(error.code, error.details || error.message, bytes, error);
}

/** UNAVAILABLE that no agent has said: a request that was on its way when the connection broke may have been done. */
function connectionError(error: ServiceError): StreamError {
  return error.details.startsWith(NOT_SENT)
    ? new StreamError('unavailable', NOT_CONNECTED, error.details, { cause: error })
    : new StreamError('indefinite', 'CONNECTION_LOST', error.details, { cause: error });
}

/** The error of one part of a response. */
export function partError(error: ErrorMessage): StreamError {
  return new StreamError(
    isErrorKind(error.kind) ? error.kind : 'internal',
    error.reason,
    error.message,
    {
      details: error.details,
      ...(error.retryAfterMs > 0 ? { retryAfterMs: error.retryAfterMs } : {}),
    },
  );
}

/**
 * Answers belong to what was asked by their place.
 *
 * @throws StreamError `internal` ANSWER when there are fewer or more of them.
 */
export function requireAnswers(asked: readonly unknown[], answers: readonly unknown[]): void {
  if (asked.length === answers.length) return;
  const message = `the agent gave ${answers.length} answers to ${asked.length} questions`;
  throw new StreamError('internal', 'ANSWER', message);
}
