/** The HTTP server under the API: what a connection may cost before a request is understood. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PROBLEM_TYPE, type Problem } from '@streamhouse/api/rest/problem.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { problemOf } from './problem.ts';
import type { TlsFiles } from './tls-files.ts';

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** What goes on in another protocol. */
export interface ApiSockets {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Lets them go, soon: the server ends. */
  end(): void;
}

export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  /** As in `http://127.0.0.1:3001`; `https` with a certificate. */
  readonly url: string;
}

/** Headers of one request, whatever their size. */
const HEADERS_MAX = 200;
/** Those that came within so many milliseconds are ended in one turn of the event loop: a crowd comes all at once. */
const CHECK_EVERY_MS = 100;
/** Without a byte, after a connection was told to end. */
const LINGER_MS = 1_000;

export interface ApiServerOptions {
  /** Undefined: every interface. */
  readonly host: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
  readonly sockets?: ApiSockets;
  /** Absent: it speaks plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** How long requests may go on when the server ends; absent: they are cut. */
  readonly drain?: { readonly clock: Clock; readonly ms: number };
}

/**
 * @throws StreamError `unavailable` LISTEN when the port cannot be used.
 */
export async function startApiServer(
  handler: HttpHandler,
  { host, port, sockets, tls, drain }: ApiServerOptions,
): Promise<ApiServer> {
  const stop = new AbortController();
  const { server, following } = createListener(handler, tls, stop.signal);
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = LIMITS.apiConnectionsMax;
  server.maxRequestsPerSocket = LIMITS.apiRequestsPerSocketMax;
  server.on('clientError', refuse);
  if (sockets !== undefined) server.on('upgrade', sockets.upgrade);
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
    url: `${tls === undefined ? 'http' : 'https'}://${host ?? 'localhost'}:${bound}`,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await following;
      sockets?.end();
      const cut = (): void => server.closeAllConnections();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const cancel = drain === undefined ? cut() : drain.clock.schedule(drain.ms, cut);
      await closed;
      cancel?.();
    },
  };
}

const BOUNDS = {
  maxHeaderSize: LIMITS.apiHeaderBytesMax,
  headersTimeout: LIMITS.apiHeadersMsMax,
  requestTimeout: LIMITS.apiRequestMsMax,
  connectionsCheckingInterval: CHECK_EVERY_MS,
} as const;

/** Connections keep the certificate that they began with: a new one is for those that come after it. */
function createListener(
  handler: HttpHandler,
  tls: TlsFiles | undefined,
  signal: AbortSignal,
): { readonly server: Server; readonly following: Promise<void> | undefined } {
  if (tls === undefined) return { server: createServer(BOUNDS, handler), following: undefined };
  const options = { ...BOUNDS, ...tls.first, handshakeTimeout: LIMITS.apiHeadersMsMax };
  const server = createTlsServer(options, handler);
  const following = tls.follow((pair) => server.setSecureContext(pair), signal);
  return { server, following };
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
  socket.end(answerTo(error.code));
}

function answerTo(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ANSWERS.late;
  return code === 'HPE_HEADER_OVERFLOW' ? ANSWERS.large : ANSWERS.foreign;
}

/** For connections that no handler sees. */
export function rawAnswer(problem: Problem): string {
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

function refusal(error: StreamError): string {
  return rawAnswer(problemOf(error, 'none', ''));
}

/** Made once: those of a crowd are ended in one turn. */
const ANSWERS = {
  late: refusal(
    new StreamError('unavailable', 'REQUEST_TIMEOUT', 'the request did not come in time'),
  ),
  large: refusal(
    new StreamError(
      'invalid',
      'HEADERS_TOO_LARGE',
      `the headers may have ${LIMITS.apiHeaderBytesMax} bytes`,
    ),
  ),
  foreign: refusal(new StreamError('invalid', 'INVALID_HTTP', 'this is not a request of HTTP/1.1')),
} as const;
