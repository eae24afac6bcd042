import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import { instant, integer, NO_FIELDS, type NoFields, text } from './schema.ts';

/** Who asks, and what the server says to all who do. */
export interface Session {
  readonly kind: 'apiKey' | 'kubernetes' | 'loopback';
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly lagThresholds: LagThresholds;
}

/** Records that a group may be behind to be called so. */
export interface LagThresholds {
  readonly caughtUpMax: number;
  readonly normalMax: number;
}

export interface NewSession {
  readonly token: string;
}

/** Lets one socket in, once. */
export interface LiveTicket {
  readonly ticket: string;
  readonly expiresAt: number;
}

interface Taking<Body, Response> {
  readonly path: NoFields;
  readonly query: NoFields;
  readonly body: Body;
  readonly response: Response;
}

export interface SessionOperations {
  'GET /api/v1/session': Taking<undefined, Session>;
  'POST /api/v1/session': Taking<NewSession, Session>;
  'DELETE /api/v1/session': Taking<undefined, undefined>;
  'POST /api/v1/session/tickets': Taking<undefined, LiveTicket>;
}

const SESSION = object<Session>({
  kind: z.enum(['apiKey', 'kubernetes', 'loopback']),
  name: z.string().describe('Of the key, or the user of Kubernetes'),
  isReadOnly: z.boolean().describe('The server takes no mutation, whoever asks'),
  lagThresholds: object<LagThresholds>({
    caughtUpMax: integer('Up to as many a group is caught up'),
    normalMax: integer('Up to as many its lag is normal; beyond, it lags'),
  }).describe('What to call the lag of a group, in records, so that all say the same'),
}).meta({ id: 'Session' });

const COMMON = { tag: 'session', path: NO_FIELDS, query: NO_FIELDS } as const;

export const SESSION_ROUTES: Routes<SessionOperations> = {
  'GET /api/v1/session': {
    ...COMMON,
    operationId: 'getSession',
    summary: 'Who asks, and what holds for all who do',
    access: 'principal',
    response: SESSION,
  },
  'POST /api/v1/session': {
    ...COMMON,
    operationId: 'createSession',
    summary: 'Lets a browser in: a token becomes a cookie that its scripts cannot read',
    access: 'open',
    body: object<NewSession>({
      token: text('An API key, or a bearer token of Kubernetes', LIMITS.apiTokenCharsMax, 1),
    }).meta({ id: 'NewSession' }),
    response: SESSION,
  },
  'DELETE /api/v1/session': {
    ...COMMON,
    operationId: 'deleteSession',
    summary: 'Takes the cookie back',
    access: 'open',
    response: z.undefined(),
    status: 204,
  },
  'POST /api/v1/session/tickets': {
    ...COMMON,
    operationId: 'createTicket',
    summary: 'A ticket for one socket, for clients that cannot send a header with it',
    description:
      'Goes into the query as `ticket`, within 30 seconds, once, to any replica: ask for another when it is refused. Of more than 10,000 that wait to be used the oldest go.',
    access: 'principal',
    response: object<LiveTicket>({
      ticket: z.string(),
      expiresAt: instant('When it is no longer taken'),
    }).meta({ id: 'LiveTicket' }),
    status: 201,
  },
};
