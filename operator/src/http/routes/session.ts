import { SESSION_COOKIE } from '@streamhouse/api/rest/openapi.ts';
import type { LagThresholds, Session, SessionOperations } from '@streamhouse/api/rest/session.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Handlers } from '../handler.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Principal } from '../identity/principal.ts';
import type { LiveTickets } from '../../live/tickets.ts';

export interface SessionParts {
  readonly authenticator: Authenticator;
  readonly tickets: Pick<LiveTickets, 'give'>;
  readonly isReadOnly: boolean;
  readonly basePath: string;
  readonly lagThresholds: LagThresholds;
}

/** The cookie holds the token itself, so that every replica knows it and a revoked one is of no use at once. */
export function sessionHandlers(parts: SessionParts): Handlers<SessionOperations> {
  const { authenticator, tickets, isReadOnly, basePath, lagThresholds } = parts;
  const view = ({ kind, name }: Principal): Session => ({ kind, name, isReadOnly, lagThresholds });
  const cookie = (value: string, attributes: string): Record<string, string> => ({
    'set-cookie': `${SESSION_COOKIE}=${value}; Path=${basePath}; HttpOnly; SameSite=Strict; ${attributes}`,
  });
  return {
    'GET /api/v1/session': ({ principal }) => {
      if (principal === undefined)
        throw new StreamError('internal', 'NO_PRINCIPAL', 'the route is not open');
      return Promise.resolve({ body: view(principal) });
    },
    'POST /api/v1/session': async ({ body, http, signal }) => {
      const principal = await authenticator.verify(body.token, http.address, signal);
      return { body: view(principal), headers: cookie(encodeURIComponent(body.token), 'Secure') };
    },
    'DELETE /api/v1/session': () =>
      Promise.resolve({ body: undefined, headers: cookie('', 'Max-Age=0') }),
    'POST /api/v1/session/tickets': async ({ http, signal }) => ({
      body: await tickets.give(http, signal),
    }),
  };
}
