/** What a browser's page may do here: CORS by an allow-list, and no unsafe request that another site has made. */
import type { IncomingMessage } from 'node:http';
import { StreamError } from '@streamhouse/core/errors.ts';

type Headers = IncomingMessage['headers'];

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Headers by which the origins of the list may read answers; undefined for any other origin. */
export function corsHeaders(
  { origin }: Headers,
  allowed: ReadonlySet<string>,
): Readonly<Record<string, string>> | undefined {
  if (origin === undefined || !allowed.has(origin)) return undefined;
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
    'access-control-allow-headers':
      'authorization, content-type, idempotency-key, if-match, if-none-match',
    'access-control-expose-headers': 'etag, link, x-total-count, retry-after, x-request-id',
    'access-control-max-age': '600',
  };
}

/**
 * Refuses an unsafe request that another site's page has made with what a browser sends by itself.
 *
 * @throws StreamError `unauthorized` FOREIGN_ORIGIN.
 */
export function checkOrigin(method: string, headers: Headers, allowed: ReadonlySet<string>): void {
  if (SAFE.has(method)) return;
  const { origin, host } = headers;
  if (origin !== undefined && allowed.has(origin)) return;
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  const isOwn = origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
  if (site === undefined && (origin === undefined || isOwn)) return;
  throw new StreamError(
    'unauthorized',
    'FOREIGN_ORIGIN',
    'another site may not change anything here',
  );
}

/**
 * For servers without keys: another name that leads here is a page whose name server answers with this address.
 *
 * @throws StreamError `unauthorized` FOREIGN_ORIGIN.
 */
export function checkLoopbackHost({ host }: Headers): void {
  if (LOOPBACK_HOST.test(host ?? '')) return;
  throw new StreamError(
    'unauthorized',
    'FOREIGN_ORIGIN',
    'only requests to localhost are answered',
  );
}
