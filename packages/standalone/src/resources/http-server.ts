import { createServer } from 'node:http';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { HttpHandler } from './http-edge.ts';

export interface ResourceServer extends AsyncDisposable {
  /** As in `http://127.0.0.1:3001`. */
  readonly url: string;
}

const LOOPBACK = '127.0.0.1';
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;

/**
 * Serves the handler to programs of this machine.
 *
 * @param port 0: any free one.
 * @throws StreamError `unavailable` LISTEN when the port cannot be used.
 */
export async function startResourceServer(
  handler: HttpHandler,
  port: number,
): Promise<ResourceServer> {
  const server = createServer(handler);
  server.headersTimeout = HEADERS_MS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  server.maxConnections = LIMITS.resourceConnectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on port ${port}: ${cause.message}`;
      reject(new StreamError('unavailable', 'LISTEN', message, { cause }));
    });
    server.listen(port, LOOPBACK, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${LOOPBACK}:${bound}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
