/** How an error travels over HTTP: `application/problem+json` (RFC 9457), with the stable reason and what is wrong where. */
import type { ErrorKind } from '@streamhouse/core/errors.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly reason: string;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  readonly details?: Readonly<Record<string, string>> | undefined;
}

export const PROBLEM: z.ZodType<Problem> = object<Problem>({
  type: z.string().describe('Always `about:blank`: `reason` says what kind of problem it is'),
  title: z.string().describe('The meaning of the status'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('What is wrong and what to do, for people'),
  instance: z.string().describe('Path of the request'),
  reason: z.string().describe('Stable, for programs, as in `TOPIC_EXISTS`'),
  requestId: z.string().describe('Names the request in the log of the server'),
  retryable: z.boolean().describe('Whether the same request may succeed later as it is'),
  errors: z
    .array(
      object<FieldError>({
        path: z.string().describe('As in `body.partitions`'),
        message: z.string(),
      }),
    )
    .describe('What is wrong with which part of the request; empty when it is not about one'),
  details: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Further facts, as the range of offsets that can be read or the resource that owns a topic',
    ),
}).meta({ id: 'Problem' });

/** The status of an error, unless its reason has one of its own. */
const STATUS_BY_KIND = {
  invalid: 400,
  outOfRange: 400,
  notFound: 404,
  alreadyExists: 409,
  conflict: 409,
  fenced: 409,
  notHolder: 503,
  overloaded: 429,
  unavailable: 503,
  indefinite: 504,
  unauthorized: 401,
  corrupt: 502,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

const STATUS_BY_REASON: Readonly<Record<string, number>> = {
  FORBIDDEN: 403,
  READ_ONLY: 403,
  FOREIGN_ORIGIN: 403,
  FOREIGN_QUERY: 403,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  PARTITIONS_LIMIT: 409,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  RECORD_TOO_LARGE: 413,
  BATCH_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  HEADERS_TOO_LARGE: 431,
};

/** The HTTP status that an error has. */
export function statusOf(error: { readonly kind: ErrorKind; readonly reason: string }): number {
  return STATUS_BY_REASON[error.reason] ?? STATUS_BY_KIND[error.kind];
}
