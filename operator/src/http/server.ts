/** Probes and metrics, for kubelets and Prometheus. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { Registry } from 'prom-client';

/** Why a probe is red; undefined when it is green. */
export type Probe = () => string | undefined;

export interface HttpOptions {
  readonly port: number;
  readonly health: Probe;
  readonly ready: Probe;
  readonly registry: Registry;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws StreamError `unavailable` LISTEN when the port cannot be used. */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.destroy());
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const message = `cannot listen on port ${options.port}: ${error.message}`;
      reject(new StreamError('unavailable', 'LISTEN', message, { cause: error }));
    });
    server.listen(options.port, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'only GET\n');
    return;
  }
  const [path = ''] = request.url?.split('?', 1) ?? [];
  switch (path) {
    case '/healthz':
      probe(response, options.health());
      break;
    case '/readyz':
      probe(response, options.ready());
      break;
    case '/metrics':
      send(response, 200, options.registry.contentType, await options.registry.metrics());
      break;
    default:
      send(response, 404, 'text/plain', 'there are /healthz, /readyz and /metrics\n');
  }
}

function probe(response: ServerResponse, fault: string | undefined): void {
  const body = fault === undefined ? { status: 'ok' } : { status: 'unavailable', reason: fault };
  send(response, fault === undefined ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}
