/**
 * One operation of the REST API as data. Routing, validation, authorisation, the OpenAPI document and the types of the client
 * all follow from it; nothing about an operation is said a second time.
 */
import type { z } from 'zod';

/** What an operation takes and gives, as types. */
export interface Operation {
  readonly path: object;
  readonly query: object;
  readonly body: unknown;
  readonly response: unknown;
}

/** As in `GET /api/v1/topics/{name}`: method and path name an operation everywhere. */
type RouteKey = `${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`;

export const NOUNS = ['topics', 'records', 'agents', 'groups', 'metrics'] as const;
export type Noun = (typeof NOUNS)[number];

/** What a principal does with a noun. */
export type Verb = 'read' | 'create' | 'update' | 'delete';

/** `open`: whoever asks. `principal`: whoever is known. Else who may do that with the noun. */
export type Access = 'open' | 'principal' | { readonly noun: Noun; readonly verb: Verb };

export interface Route<Op extends Operation = Operation> {
  /** As in `listTopics`: names the method of generated clients. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly path: z.ZodType<Op['path']>;
  readonly query: z.ZodType<Op['query']>;
  /** Absent: the operation has no body. */
  readonly body?: z.ZodType<Op['body']>;
  /** Bytes of a body at most. Default `LIMITS.apiBodyBytesMax`. */
  readonly bodyBytesMax?: number;
  readonly response: z.ZodType<Op['response']>;
  /** Of success. Default 200; 204 has no body. */
  readonly status?: 200 | 201 | 204;
  /** Takes `dryRun`, and answers 200 to it. */
  readonly isMutation?: boolean;
  /** Takes `Idempotency-Key`. */
  readonly isRepeatable?: boolean;
  /** Takes `If-Match`. */
  readonly isConditional?: boolean;
  /** Answers by pages, with `Link: rel="next"` and `X-Total-Count`. */
  readonly isPaged?: boolean;
  /** Is done for one caller, and given up when that one goes. Other reads are shared by those who ask at the same time. */
  readonly endsWithCaller?: boolean;
  /** Of the answer. Default `application/json`. */
  readonly mediaType?: 'text/plain' | 'text/html';
}

/** The routes of some operations: each has one, by its key. */
export type Routes<Operations> = {
  readonly [Key in keyof Operations]: Key extends RouteKey
    ? Operations[Key] extends Operation
      ? Route<Operations[Key]>
      : never
    : never;
};
