/**
 * What a failure of S3 means to the caller. Sources: the table of error codes in Amazon's S3 API reference, and what
 * Node reports of a connection. Nothing of the SDK's error object is passed on but code, message and ids: it carries
 * the signed request, and that has the session token in it.
 */
import { type ErrorKind, StreamError } from '@streamhouse/core/errors.ts';

export interface S3Call {
  /** What was asked for, as the beginning of a sentence: `Writing wal/a/1`. */
  readonly doing: string;
  readonly bucket: string;
  /** Region that the request was signed for. */
  readonly region: string;
  /** A put that was perhaps carried out is `indefinite`; whatever else fails can be asked again. */
  readonly isPut: boolean;
}

interface Meaning {
  readonly kind: ErrorKind;
  readonly reason: string;
  /** What happened and what to do next. */
  readonly text: string;
}

interface Failure {
  /** S3's error code, else the system's, else the name of the error. */
  readonly code: string;
  readonly message: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Region that the server says is the right one. */
  readonly rightRegion: string | undefined;
  /** Whether the failure is of making the connection, so that no byte of the request was sent. */
  readonly isUnsent: boolean;
}

const EXISTS: Meaning = {
  kind: 'alreadyExists',
  reason: 'OBJECT_EXISTS',
  text: 'the key is taken',
};
const NO_BUCKET: Meaning = {
  kind: 'notFound',
  reason: 'BUCKET_MISSING',
  text: 'there is no such bucket. Create it, or correct the name',
};
const NO_OBJECT: Meaning = {
  kind: 'notFound',
  reason: 'OBJECT_MISSING',
  text: 'there is no such object',
};
const DENIED: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_ACCESS_DENIED',
  text: 'access is denied. Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on the bucket',
};
const WRONG_KEY: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_ACCESS_KEY_UNKNOWN',
  text: 'the access key id is not known there. Correct the access key id, or the endpoint',
};
const WRONG_SECRET: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_SECRET_WRONG',
  text: 'the secret access key does not belong to the access key id. Correct the secret',
};
const EXPIRED: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_CREDENTIALS_EXPIRED',
  text: 'the credentials are no longer valid. Renew them, or use a source that renews them itself',
};
const NO_CREDENTIALS: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_CREDENTIALS_MISSING',
  text: 'no credentials were found. Set an access key and its secret, or give the process a role',
};
const SKEWED: Meaning = {
  kind: 'unauthorized',
  reason: 'S3_CLOCK_SKEW',
  text: 'the clock of this machine is more than 15 minutes off. Synchronize it',
};
const REDIRECTED: Meaning = {
  kind: 'invalid',
  reason: 'S3_REGION',
  text: 'the bucket is in another region',
};
const BUSY: Meaning = {
  kind: 'unavailable',
  reason: 'S3_SLOW_DOWN',
  text: 'the store asks for fewer requests',
};
const FULL: Meaning = {
  kind: 'unavailable',
  reason: 'OBJECT_STORE_FULL',
  text: 'the store is full. Free space',
};
const DAMAGED: Meaning = {
  kind: 'unavailable',
  reason: 'S3_BODY',
  text: 'the bytes did not arrive as they were sent',
};
const NO_STORE: Meaning = {
  kind: 'unavailable',
  reason: 'S3_NOT_FOUND',
  text: 'what answers there does not speak S3. Check the endpoint',
};
const UNSUPPORTED: Meaning = {
  kind: 'invalid',
  reason: 'S3_UNSUPPORTED',
  text: 'the store does not know this request. It must support If-None-Match, ranges and ListObjectsV2',
};

const BY_CODE: ReadonlyMap<string, Meaning> = new Map([
  ['PreconditionFailed', EXISTS],
  ['ConditionalRequestConflict', EXISTS],
  ['NoSuchBucket', NO_BUCKET],
  ['NoSuchKey', NO_OBJECT],
  ['AccessDenied', DENIED],
  ['AllAccessDisabled', DENIED],
  ['AccountProblem', DENIED],
  ['InvalidAccessKeyId', WRONG_KEY],
  ['XAdminUserNotFound', WRONG_KEY], // versitygw's name for it, with status 404
  ['SignatureDoesNotMatch', WRONG_SECRET],
  ['ExpiredToken', EXPIRED],
  ['InvalidToken', EXPIRED],
  ['TokenRefreshRequired', EXPIRED],
  ['CredentialsProviderError', NO_CREDENTIALS],
  ['RequestTimeTooSkewed', SKEWED],
  ['PermanentRedirect', REDIRECTED],
  ['TemporaryRedirect', REDIRECTED],
  ['AuthorizationHeaderMalformed', REDIRECTED],
  ['SlowDown', BUSY],
  ['ServiceUnavailable', BUSY],
  ['XMinioStorageFull', FULL],
  ['RequestTimeout', DAMAGED],
  ['IncompleteBody', DAMAGED],
  ['BadDigest', DAMAGED],
  ['XAmzContentSHA256Mismatch', DAMAGED],
  ['NotImplemented', UNSUPPORTED],
]);

/** Failures of the connection's beginning: no byte of the request left this machine. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Turns whatever the SDK threw into a StreamError. */
export function s3Error(error: unknown, call: S3Call): StreamError {
  const failure = readFailure(error);
  const meaning = meaningOf(failure, call);
  const told = failure.status === undefined ? failure.code : `${failure.status} ${failure.code}`;
  return new StreamError(
    meaning.kind,
    meaning.reason,
    `${sentence(call, meaning, failure)} (${told})`,
    {
      cause: new Error(`${told}: ${failure.message}`.slice(0, 500)),
      details: details(failure, call),
      ...retryAfter(failure),
    },
  );
}

/** @param timeoutMs how long the call was given */
export function s3TimeoutError(call: S3Call, timeoutMs: number): StreamError {
  const kind = call.isPut ? 'indefinite' : 'unavailable';
  const message = `${call.doing} in bucket ${call.bucket}: no answer within ${timeoutMs} ms.`;
  return new StreamError(kind, 'S3_TIMEOUT', message);
}

function meaningOf(failure: Failure, call: S3Call): Meaning {
  if (failure.status !== undefined && failure.status >= 200 && failure.status < 300)
    return unclear(call, failure);
  return BY_CODE.get(failure.code) ?? meaningOfStatus(failure, call);
}

function meaningOfStatus(failure: Failure, call: S3Call): Meaning {
  const { status } = failure;
  if (status === undefined) return failure.isUnsent ? unreachable(failure) : unclear(call, failure);
  if (call.isPut && (status === 412 || status === 409)) return EXISTS;
  if (status === 301 || status === 307 || status === 308) return REDIRECTED;
  if (status === 401 || status === 403) return DENIED;
  // Without one of S3's codes it says nothing of the object: taking it for missing would report lost data.
  if (status === 404) return NO_STORE;
  if (status === 405 || status === 501) return UNSUPPORTED;
  if (status === 429) return BUSY;
  if (status === 507) return FULL;
  // A 503 without one of S3's codes is of something in between, which may have passed the request on.
  if (status >= 500) return unclear(call, failure);
  return {
    kind: 'invalid',
    reason: 'S3_REJECTED',
    text: `the store refused the request: ${failure.message}`,
  };
}

/** A lost connection, an answer that could not be read or a fault of the server: the put may have been carried out. */
function unclear(call: S3Call, failure: Failure): Meaning {
  const kind = call.isPut ? 'indefinite' : 'unavailable';
  if (failure.status === undefined)
    return { kind, reason: 'S3_CONNECTION', text: 'the connection was lost' };
  return { kind, reason: 'S3_FAILED', text: 'the store failed' };
}

function unreachable(failure: Failure): Meaning {
  const text = `there is no connection (${failure.message || failure.code}). Check the endpoint and the network`;
  return { kind: 'unavailable', reason: 'S3_UNREACHABLE', text };
}

function sentence(call: S3Call, meaning: Meaning, failure: Failure): string {
  const start = `${call.doing} in bucket ${call.bucket}: ${meaning.text}`;
  if (meaning !== REDIRECTED) return `${start}.`;
  const right = failure.rightRegion;
  const next = right === undefined ? 'Set its region or endpoint' : `Set the region ${right}`;
  return `${start} than ${call.region}. ${next}.`;
}

function details(failure: Failure, call: S3Call): Record<string, string> {
  const found: Record<string, string> = { bucket: call.bucket, code: failure.code };
  if (failure.status !== undefined) found['status'] = String(failure.status);
  if (failure.rightRegion !== undefined) found['region'] = failure.rightRegion;
  const requestId = failure.headers['x-amz-request-id'];
  if (requestId !== undefined) found['requestId'] = requestId;
  return found;
}

function retryAfter(failure: Failure): { retryAfterMs?: number } {
  const seconds = Number(failure.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {};
}

function readFailure(error: unknown): Failure {
  const fields = fieldsOf(error);
  const response = fieldsOf(fields['$response']);
  const headers = stringsOf(response['headers']);
  const status =
    numberOf(fieldsOf(fields['$metadata'])['httpStatusCode']) ?? numberOf(response['statusCode']);
  const name = stringOf(fields['name']) ?? 'Error';
  const systemCode = stringOf(fields['code']) ?? stringOf(fieldsOf(fields['cause'])['code']);
  const message = stringOf(fields['message']) ?? '';
  return {
    code: status === undefined && name !== 'CredentialsProviderError' ? (systemCode ?? name) : name,
    message,
    status,
    headers,
    rightRegion: headers['x-amz-bucket-region'] ?? stringOf(fields['Region']),
    isUnsent: isUnsent(systemCode, fields, message),
  };
}

function isUnsent(
  code: string | undefined,
  fields: Record<string, unknown>,
  message: string,
): boolean {
  if (code !== undefined && UNSENT.has(code)) return true;
  // The SDK's own limit on connecting has neither a code nor a name of its own.
  return fields['syscall'] === 'connect' || message.includes('did not establish a connection');
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function stringsOf(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(fieldsOf(value))) {
    if (typeof text === 'string') found[name.toLowerCase()] = text;
  }
  return found;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
