import type { HealthOperations } from '@streamhouse/api/rest/health.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { Registry } from 'prom-client';
import type { Handlers } from '../handler.ts';

export interface HealthSources {
  /** Fails with the cause when the metadata cannot be used. */
  readonly store: Pick<OperatorMetadata, 'check'>;
  readonly registry: Registry;
}

const OK = { body: { status: 'ok' } } as const;

export function healthHandlers({ store, registry }: HealthSources): Handlers<HealthOperations> {
  return {
    'GET /health': () => Promise.resolve(OK),
    'GET /live': () => Promise.resolve(OK),
    'GET /ready': async ({ signal }) => {
      await store.check(signal);
      return OK;
    },
    'GET /metrics': async () => ({
      body: await registry.metrics(),
      headers: { 'content-type': registry.contentType },
    }),
  };
}
