/** The HTTP server under the API: what a connection may cost before a request is understood. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, type Problem } from '@streamhouse/api/rest/problem.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { problemOf } from './problem.ts';

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  /** As in `http://127.0.0.1:3001`. */
  readonly url: string;
  /** For those who take upgrades. */
  readonly server: Server;
}

/** Headers of one request, whatever their size. */
const HEADERS_MAX = 200;
const CHECK_EVERY_MS = 1_000;
/** Without a byte, after a connection was told to end. */
const LINGER_MS = 1_000;

/**
 * @param host undefined: every interface.
 * @throws StreamError `unavailable` LISTEN when the port cannot be used.
 */
export async function startApiServer(
  handler: HttpHandler,
  { host, port }: { readonly host: string | undefined; readonly port: number },
): Promise<ApiServer> {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.apiHeaderBytesMax,
      headersTimeout: LIMITS.apiHeadersMsMax,
      requestTimeout: LIMITS.apiRequestMsMax,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    handler,
  );
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = LIMITS.apiConnectionsMax;
  server.maxRequestsPerSocket = LIMITS.apiRequestsPerSocketMax;
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on port ${port}: ${cause.message}`;
      reject(new StreamError('unavailable', 'LISTEN', message, { cause }));
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: bound,
    url: `http://${host ?? 'localhost'}:${bound}`,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers what is no request of HTTP, and ends the connection. */
function refuse(error: Error & { readonly code?: string }, socket: Socket): void {
  // What still comes is of the same kind. To close at once would take the answer with it.
  if (socket.writableEnded) return;
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  socket.end(rawAnswer(problemOf(faultOf(error.code), 'none', '')));
}

function faultOf(code: string | undefined): StreamError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new StreamError('unavailable', 'REQUEST_TIMEOUT', 'the request did not come in time');
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `the headers may have ${LIMITS.apiHeaderBytesMax} bytes`;
    return new StreamError('invalid', 'HEADERS_TOO_LARGE', message);
  }
  return new StreamError('invalid', 'INVALID_HTTP', 'this is not a request of HTTP/1.1');
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
