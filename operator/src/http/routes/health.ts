import type { HealthOperations } from '@streamhouse/api/rest/health.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Registry } from 'prom-client';
import type { Handlers } from '../handler.ts';

export interface HealthSources {
  /** Why requests cannot be answered now; undefined when they can. */
  readonly readyFault: () => string | undefined;
  readonly registry: Registry;
}

const OK = { body: { status: 'ok' } } as const;

export function healthHandlers({
  readyFault,
  registry,
}: HealthSources): Handlers<HealthOperations> {
  return {
    'GET /health': () => Promise.resolve(OK),
    'GET /live': () => Promise.resolve(OK),
    'GET /ready': () => {
      const fault = readyFault();
      if (fault === undefined) return Promise.resolve(OK);
      return Promise.reject(new StreamError('unavailable', 'NOT_READY', fault));
    },
    'GET /metrics': async () => ({
      body: await registry.metrics(),
      headers: { 'content-type': registry.contentType },
    }),
  };
}
