/**
 * How an error travels over gRPC: a status code, and a `google.rpc.Status` with one `ErrorInfo` in the trailer
 * `grpc-status-details-bin` (https://google.aip.dev/193), so that any client sees the stable reason.
 */
import { ERROR_KINDS, type ErrorKind, StreamError } from '@streamhouse/core/errors.ts';
import protobuf from 'protobufjs';

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/). */
export const GRPC_CODE: Readonly<Record<ErrorKind, number>> = {
  invalid: 3,
  outOfRange: 11,
  notFound: 5,
  alreadyExists: 6,
  conflict: 9,
  fenced: 9,
  notHolder: 9,
  overloaded: 8,
  unavailable: 14,
  indefinite: 4,
  unauthorized: 16,
  corrupt: 15,
  internal: 13,
};

/** The kind that a bare status code stands for: one that carries no ErrorInfo of ours, because a proxy or the library made it. */
const KIND_BY_CODE: Readonly<Record<number, ErrorKind>> = {
  1: 'indefinite',
  3: 'invalid',
  4: 'indefinite',
  5: 'notFound',
  6: 'alreadyExists',
  7: 'unauthorized',
  8: 'overloaded',
  9: 'conflict',
  10: 'conflict',
  11: 'outOfRange',
  14: 'unavailable',
  15: 'corrupt',
  16: 'unauthorized',
};

export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'streamhouse.io';
const ERROR_INFO_URL = 'type.googleapis.com/google.rpc.ErrorInfo';

const STATUS_DESCRIPTOR: object = {
  nested: {
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
    Any: { fields: { typeUrl: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    ErrorInfo: {
      fields: {
        reason: { type: 'string', id: 1 },
        domain: { type: 'string', id: 2 },
        metadata: { keyType: 'string', type: 'string', id: 3 },
      },
    },
  },
};
const types = protobuf.Root.fromJSON(STATUS_DESCRIPTOR as protobuf.INamespace);
const Status = types.lookupType('Status');
const ErrorInfo = types.lookupType('ErrorInfo');

interface StatusMessage {
  readonly message?: string;
  readonly details?: readonly { readonly typeUrl?: string; readonly value?: Uint8Array }[];
}
interface ErrorInfoMessage {
  readonly reason?: string;
  readonly domain?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of the trailer `grpc-status-details-bin`. */
export function encodeStatusDetails(error: StreamError): Uint8Array {
  const metadata: Record<string, string> = { ...error.details, kind: error.kind };
  if (error.retryAfterMs !== undefined) metadata['retryAfterMs'] = String(error.retryAfterMs);
  const info = ErrorInfo.encode({ reason: error.reason, domain: DOMAIN, metadata }).finish();
  return Status.encode({
    code: GRPC_CODE[error.kind],
    message: error.message,
    details: [{ typeUrl: ERROR_INFO_URL, value: info }],
  }).finish();
}

/** The error that a failed call stands for. Anything that is not ours is judged by its status code alone. */
export function decodeStatus(
  code: number,
  message: string,
  details: Uint8Array | undefined,
  cause: unknown,
): StreamError {
  const info = details === undefined ? undefined : findErrorInfo(details);
  if (info === undefined) {
    const kind = KIND_BY_CODE[code] ?? 'internal';
    return new StreamError(kind, `GRPC_${code}`, message, { cause });
  }
  const { kind, retryAfterMs, ...rest } = info.metadata ?? {};
  const waitMs = Number(retryAfterMs);
  return new StreamError(
    isErrorKind(kind) ? kind : (KIND_BY_CODE[code] ?? 'internal'),
    info.reason ?? 'UNKNOWN',
    message,
    {
      cause,
      details: rest,
      // A wait that is no number would be a retry without one.
      ...(waitMs >= 0 && Number.isFinite(waitMs) ? { retryAfterMs: waitMs } : {}),
    },
  );
}

/** Whether a text from the wire is one of the closed list. */
export function isErrorKind(text: string | undefined): text is ErrorKind {
  return (ERROR_KINDS as readonly (string | undefined)[]).includes(text);
}

function findErrorInfo(details: Uint8Array): ErrorInfoMessage | undefined {
  try {
    const status = Status.decode(details) as unknown as StatusMessage;
    const any = status.details?.find((detail) => detail.typeUrl === ERROR_INFO_URL);
    const info =
      any?.value === undefined
        ? undefined
        : (ErrorInfo.decode(any.value) as unknown as ErrorInfoMessage);
    return info?.domain === DOMAIN ? info : undefined;
  } catch {
    return undefined; // Not ours: the status code has to do.
  }
}
