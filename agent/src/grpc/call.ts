/** What every handler has in common: requests that could not be decoded, errors as statuses, the end of a call as a signal. */
import {
  type handleUnaryCall,
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Error as ErrorMessage } from '@streamhouse/api/gen/streamhouse/v1/Error.ts';
import { encodeStatusDetails, GRPC_CODE, STATUS_DETAILS_KEY } from '@streamhouse/api/status.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import type { Logger } from '../log.ts';
import type { AgentMetrics } from '../metrics.ts';

/** What handlers stand on. */
export interface ServiceContext {
  /** @throws StreamError `unavailable` while the agent starts, drains or begins a new life. */
  readonly current: () => RunningIncarnation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
}

/** The life that answers from its memory: what it knows may be out of date as soon as its session has lapsed. */
export function servingLife(context: ServiceContext): RunningIncarnation {
  const life = context.current();
  life.checkServing();
  return life;
}

/** Stands in the place of a request that was not decoded. */
export class RefusedRequest {
  readonly error: StreamError;

  constructor(error: StreamError) {
    this.error = error;
  }
}

/** @throws StreamError `invalid` MALFORMED_REQUEST or REQUEST_FIELDS when the request was not decoded. */
export function checkDecoded(request: object): void {
  if (request instanceof RefusedRequest) throw request.error;
}

/** A handler of one request and one response. `peer` is the caller's address, as far as the library tells. */
export function unary<Request extends object, Response>(
  context: ServiceContext,
  handle: (request: Request, signal: AbortSignal, peer: string) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    const end = new AbortController();
    call.on('cancelled', () => end.abort(callEnded()));
    run(async () => {
      checkDecoded(call.request);
      return await handle(call.request, end.signal, call.getPeer());
    }).then(
      (response) => callback(null, response),
      (error: unknown) => callback(serviceError(error, context.log)),
    );
  };
}

async function run<T>(work: () => Promise<T>): Promise<T> {
  return await work();
}

/** The reason of a signal whose call has ended. */
export function callEnded(): StreamError {
  return new StreamError('unavailable', 'CALL_ENDED', 'the caller ended the call');
}

/** An error as the status of a call. A bug is logged here, once, and told without its details. */
function serviceError(error: unknown, log: Logger): ServiceError {
  const status = statusOf(error, log);
  return Object.assign(new Error(status.details), status, { name: 'ServiceError' });
}

/**
 * What the caller sends. Neither its end nor a failure of the loop over it ends the call: answers, or a status, are still to
 * come.
 */
export function messagesOf<Request extends object>(
  call: ServerDuplexStream<Request, never>,
): AsyncIterable<Request> {
  return call.iterator({ destroyOnReturn: false }) as AsyncIterable<Request>;
}

interface StreamingCall {
  readonly cancelled: boolean;
  emit(event: 'error', status: StatusObject): boolean;
}

/** Ends a stream with an error; one that the caller has left needs none. */
export function failStream(call: StreamingCall, error: unknown, log: Logger): void {
  if (!call.cancelled) call.emit('error', statusOf(error, log));
}

function statusOf(error: unknown, log: Logger): StatusObject {
  const known = told(error, log);
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, Buffer.from(encodeStatusDetails(known)));
  return { code: GRPC_CODE[known.kind], details: known.message, metadata };
}

/** An error as a part of a response. */
export function errorMessage(error: unknown, log: Logger): ErrorMessage {
  const known = told(error, log);
  return {
    kind: known.kind,
    reason: known.reason,
    message: known.message,
    retryAfterMs: known.retryAfterMs ?? 0,
    details: { ...known.details },
  };
}

function told(error: unknown, log: Logger): StreamError {
  const known = toStreamError(error);
  if (known.kind !== 'internal') return known;
  log.error({ err: error }, 'a request met a bug');
  return new StreamError(
    'internal',
    known.reason,
    'an internal error: the log of the agent has the cause',
  );
}
