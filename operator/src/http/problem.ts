/** Errors -> answers. */
import { STATUS_CODES } from 'node:http';
import { type FieldError, type Problem, statusOf } from '@streamhouse/api/rest/problem.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import type { z } from 'zod';

/** A request that does not have the form that its route asks for. */
export class InvalidRequest extends StreamError {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    const [first] = errors;
    super('invalid', 'INVALID_REQUEST', `${first?.path ?? 'the request'}: ${first?.message ?? ''}`);
    this.name = 'InvalidRequest';
    this.errors = errors;
  }
}

/** How many faults of one request are told. */
const ERRORS_MAX = 50;

/** What a schema found in a part of the request. */
export function fieldErrors(part: string, error: z.ZodError): FieldError[] {
  return error.issues.slice(0, ERRORS_MAX).map(({ path, message }) => ({
    path: [part, ...path].map((step) => String(step).slice(0, 128)).join('.'),
    message: message.slice(0, 512),
  }));
}

const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 503, 504]);

/** Whether the same request may succeed later. A bound that it exceeds by itself stays where it is. */
export function isRetryable(error: StreamError): boolean {
  return RETRYABLE.has(statusOf(error));
}

/** A bug is told with its name only: what it says is for the log. */
export function problemOf(error: unknown, requestId: string, instance: string): Problem {
  const known = toStreamError(error);
  const status = statusOf(known);
  const isBug = known.kind === 'internal';
  const { sqlState: _, ...details } = known.details;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: isBug ? 'the server failed; its log has more under the request id' : known.message,
    instance,
    reason: known.reason,
    requestId,
    retryable: isRetryable(known),
    errors: known instanceof InvalidRequest ? known.errors : [],
    ...(isBug || Object.keys(details).length === 0 ? {} : { details }),
  };
}
