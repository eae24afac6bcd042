/** HTTP/1.1 to one API server over connections that stay open, and how bodies are read within bounds. */
import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { KubeError } from './kube-api.ts';

/** Milliseconds of silence before TCP asks whether the other side is still there, as client-go. */
const TCP_KEEP_ALIVE_MS = 30_000;
const NEWLINE = 0x0a;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class HttpConnections implements Disposable {
  readonly #access: ClusterAccess;
  readonly #server: URL;
  /** One for all requests: another one would open connections of its own. It keeps them apart by the certificates in use. */
  readonly #agent: http.Agent;

  constructor(access: ClusterAccess) {
    this.#access = access;
    this.#server = new URL(access.server);
    const { Agent } = this.#isSecure ? https : http;
    this.#agent = new Agent({
      keepAlive: true,
      keepAliveMsecs: TCP_KEEP_ALIVE_MS,
      maxSockets: LIMITS.kubeSocketsMax,
    });
  }

  get #isSecure(): boolean {
    return this.#server.protocol === 'https:';
  }

  /** @throws KubeError `unavailable` when the request was not sent, `indefinite` when no answer came back. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await this.#access.credentials();
    const options: RequestOptions = {
      agent: this.#agent,
      ...credentials,
      hostname: this.#server.hostname.replace(/^\[|\]$/g, ''),
      port: this.#server.port,
      path: this.#server.pathname.replace(/\/$/, '') + request.path,
      method: request.method,
      headers: { ...credentials.headers, ...request.headers },
      signal,
    };
    return new Promise((resolve, reject) => {
      let isSent = false;
      const outgoing = this.#isSecure ? https.request(options) : http.request(options);
      outgoing.once('socket', (socket) => {
        if (!socket.connecting) isSent = true;
        else socket.once(this.#isSecure ? 'secureConnect' : 'connect', () => void (isSent = true));
      });
      outgoing.once('response', resolve);
      outgoing.on('error', (error) => reject(lost(error, isSent, signal)));
      outgoing.end(request.body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function lost(error: unknown, isSent: boolean, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return isSent
    ? new KubeError('indefinite', 'CONNECTION_LOST', message, { cause: error })
    : new KubeError('unavailable', 'NOT_CONNECTED', message, { cause: error });
}

/** The chunks of a body as they come; a connection that breaks before its end throws, and a reader that stops closes it. */
async function* chunksOf(
  message: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of message) {
      yield chunk;
      signal.throwIfAborted();
    }
  } catch (error) {
    throw lost(error, true, signal);
  }
}

/** @throws KubeError `invalid` ANSWER_TOO_LARGE above `kubeAnswerBytesMax`. */
export async function textOf(message: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(message, signal)) {
    chunks.push(chunk);
    bytes += chunk.length;
    checkSize(bytes, LIMITS.kubeAnswerBytesMax);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

/** The lines of a body that does not end soon; an unfinished last one is dropped. `onBytes` is told whenever some came. */
export async function* linesOf(
  message: IncomingMessage,
  signal: AbortSignal,
  onBytes: () => void,
): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(message, signal)) {
    onBytes();
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      checkSize(bytes + at - from, LIMITS.kubeEventBytesMax);
      parts.push(chunk.subarray(from, at));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      from = at + 1;
    }
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    checkSize(bytes, LIMITS.kubeEventBytesMax);
  }
}

function checkSize(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  const message = `the API server sent more than ${bytesMax} bytes at once`;
  throw new KubeError('invalid', 'ANSWER_TOO_LARGE', message);
}
