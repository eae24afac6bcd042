import { StreamError } from '@streamhouse/core/errors.ts';
import type { Request, Response } from 'express';
import { rateLimit } from 'express-rate-limit';

const WINDOW_MS = 60_000;

/** Counts the requests of each principal. @throws StreamError `overloaded` RATE_LIMITED; told in `RateLimit` headers. */
export type RateLimit = (request: Request, response: Response, who: string) => Promise<void>;

export function limitRequests(perMinute: number): RateLimit {
  const limit = rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // It is told who asks, and looks at no header.
    validate: false,
    keyGenerator: (_, response) => String(response.locals['who']),
    handler: (_request, _response, next) => {
      const message = `more than ${perMinute} requests in a minute`;
      next(new StreamError('overloaded', 'RATE_LIMITED', message, { retryAfterMs: WINDOW_MS }));
    },
  });
  return async (request, response, who) => {
    response.locals['who'] = who;
    await new Promise<void>((resolve, reject) => {
      const next = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      Promise.resolve(limit(request, response, next)).catch(reject);
    });
  };
}
