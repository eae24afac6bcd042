import { type ErrorKind, StreamError, type StreamErrorOptions } from '@streamhouse/core/errors.ts';
import { DatabaseError } from 'pg';

/** Whether a statement may change something: then a lost answer is an unknown outcome. */
export type Effect = 'read' | 'write';

const RETRY_AFTER_MS = 100;

interface Known {
  readonly kind: ErrorKind;
  readonly reason: string;
  /** Key in `details` under which the server's DETAIL goes. */
  readonly detail?: string;
}

/** States that a statement fails with only if its transaction was rolled back, whatever the severity says. */
const ROLLED_BACK: Readonly<Record<string, Known>> = {
  '25006': { kind: 'unavailable', reason: 'POSTGRES_READ_ONLY' },
  '40001': { kind: 'unavailable', reason: 'POSTGRES_SERIALIZATION' },
  '40P01': { kind: 'unavailable', reason: 'POSTGRES_DEADLOCK' },
  '42501': { kind: 'unauthorized', reason: 'POSTGRES_PRIVILEGE' },
  '55P03': { kind: 'unavailable', reason: 'POSTGRES_LOCK_TIMEOUT' },
  '57014': { kind: 'unavailable', reason: 'POSTGRES_STATEMENT_TIMEOUT' },
  SH001: { kind: 'fenced', reason: 'AGENT_FENCED' },
  SH002: { kind: 'alreadyExists', reason: 'TOPIC_EXISTS', detail: 'topicId' },
  SH003: { kind: 'conflict', reason: 'TOPIC_NAME_COLLISION', detail: 'topic' },
  SH004: { kind: 'overloaded', reason: 'PARTITIONS_LIMIT' },
  SH005: { kind: 'invalid', reason: 'PARTITIONS_SHRINK' },
  SH006: { kind: 'conflict', reason: 'TOPIC_MANAGED', detail: 'resource' },
  SH007: { kind: 'fenced', reason: 'OPERATOR_FENCED' },
  SH008: { kind: 'fenced', reason: 'NOT_COORDINATOR' },
  SH009: { kind: 'conflict', reason: 'ILLEGAL_GENERATION' },
  SH010: { kind: 'conflict', reason: 'UNKNOWN_MEMBER' },
  SH011: { kind: 'notFound', reason: 'PARTITION_MISSING' },
};

const REFUSED_LOGIN: Readonly<Record<string, Known>> = {
  '28000': { kind: 'unauthorized', reason: 'POSTGRES_LOGIN' },
  '28P01': { kind: 'unauthorized', reason: 'POSTGRES_LOGIN' },
  '3D000': { kind: 'unavailable', reason: 'POSTGRES_DATABASE_MISSING' },
  '53300': { kind: 'unavailable', reason: 'POSTGRES_CONNECTIONS' },
};

/** The error of a connection that did not come to stand: nothing was sent. */
export function connectFailure(error: unknown, place: string): StreamError {
  const known = REFUSED_LOGIN[codeOf(error)] ?? {
    kind: 'unavailable',
    reason: 'POSTGRES_UNREACHABLE',
  };
  return streamError(known, `cannot use Postgres at ${place}: ${causeOf(error)}`, error);
}

/**
 * The error of a statement that was sent. `unavailable` and the definite kinds only when the server said that it rolled
 * back; an answer that never came leaves a write `indefinite` (I-09, I-11).
 */
export function statementFailure(error: unknown, place: string, effect: Effect): StreamError {
  const code = codeOf(error);
  const known = ROLLED_BACK[code];
  if (known?.detail !== undefined || code.startsWith('SH')) {
    return streamError(known ?? UNEXPECTED, causeOf(error), error);
  }
  const message = `Postgres at ${place}: ${causeOf(error)}`;
  if (known !== undefined) return streamError(known, message, error);
  if (isRolledBack(error)) {
    return streamError(code.startsWith('53') ? NO_RESOURCES : UNEXPECTED, message, error);
  }
  return streamError(effect === 'read' ? LOST : UNKNOWN, message, error);
}

/** The error of a caller that stopped waiting; a write that was sent may go on. */
export function interrupted(isSent: boolean, effect: Effect, cause: unknown): StreamError {
  const known = isSent && effect === 'write' ? ABORTED_UNKNOWN : ABORTED;
  return streamError(known, 'stopped waiting for Postgres', cause);
}

/** Whether the connection can take another statement after this error. */
export function isConnectionUsable(error: unknown): boolean {
  // A server that became read-only is a former primary: the next connection may find the new one.
  return isRolledBack(error) && codeOf(error) !== '25006';
}

const UNEXPECTED: Known = { kind: 'internal', reason: 'POSTGRES_STATEMENT' };
const NO_RESOURCES: Known = { kind: 'unavailable', reason: 'POSTGRES_RESOURCES' };
const LOST: Known = { kind: 'unavailable', reason: 'POSTGRES_CONNECTION_LOST' };
const UNKNOWN: Known = { kind: 'indefinite', reason: 'POSTGRES_OUTCOME_UNKNOWN' };
const ABORTED: Known = { kind: 'unavailable', reason: 'ABORTED' };
const ABORTED_UNKNOWN: Known = { kind: 'indefinite', reason: 'ABORTED' };

/** FATAL and PANIC end the connection, maybe after the commit: only ERROR says that the transaction is gone. */
function isRolledBack(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity === 'ERROR';
}

function streamError(known: Known, message: string, cause: unknown): StreamError {
  const details: Record<string, string> = {};
  if (cause instanceof DatabaseError) {
    if (cause.code !== undefined) details['sqlState'] = cause.code;
    if (known.detail !== undefined && cause.detail !== undefined) {
      details[known.detail] = cause.detail;
    }
  }
  const options: StreamErrorOptions = { cause, details };
  const isLater = known.kind === 'unavailable' || known.kind === 'overloaded';
  const timed = isLater ? { ...options, retryAfterMs: RETRY_AFTER_MS } : options;
  return new StreamError(known.kind, known.reason, message, timed);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  return '';
}

/** Text for people. A refused connection to a name with two addresses has only a code. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error);
}
