/** gRPC as somebody would speak it who does not use our SDK, or means harm: any bytes to any method, any HTTP/2. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { Client, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { packageDefinition } from '@streamhouse/api/services.ts';
import { callError } from '@streamhouse/client/cluster/wire-error.ts';
import { type AgentChannel, openAgentChannel } from '@streamhouse/client/cluster/agent-channel.ts';
import type { ErrorKind } from '@streamhouse/core/errors.ts';

/** A call that failed, as its caller sees it. */
export interface Failure {
  /** gRPC status code. */
  readonly code: number;
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
}

export interface RawAgent {
  /** Calls a unary method, for example `AdminService/CreateTopic`; bytes go as they are. @throws Failure */
  call<Response>(
    method: string,
    request: object | Uint8Array,
    timeoutMs?: number,
  ): Promise<Response>;
  /** What a call must fail with. */
  failure(method: string, request: object | Uint8Array): Promise<Failure>;
  readonly channel: AgentChannel;
  close(): void;
}

export function openRawAgent(address: string): RawAgent {
  const channel = openAgentChannel(address);
  const call = <Response>(
    method: string,
    request: object | Uint8Array,
    timeoutMs = 15_000,
  ): Promise<Response> => callRaw(channel.admin, method, request, timeoutMs);
  return {
    channel,
    call,
    failure: async (method, request) => {
      try {
        const response = await call(method, request);
        throw new Error(`${method} answered ${JSON.stringify(response)}`);
      } catch (error) {
        if (error instanceof Error) throw error;
        return error as Failure;
      }
    },
    close: () => channel.close(),
  };
}

/** All methods of the contract: `ProducerService/Produce` and so on. */
export function methodsOf(kind: 'unary' | 'clientStream' | 'serverStream'): readonly string[] {
  return Object.entries(packageDefinition).flatMap(([name, definition]) => {
    if ('format' in definition) return [];
    const service = name.split('.').at(-1);
    return Object.entries(definition).flatMap(([method, { requestStream, responseStream }]) => {
      const own = requestStream ? 'clientStream' : responseStream ? 'serverStream' : 'unary';
      return own === kind ? [`${service}/${method}`] : [];
    });
  });
}

export function pathOf(method: string): string {
  return `/streamhouse.v1.${method}`;
}

/** A request as bytes. */
export function encodeRequest(method: string, request: object): Buffer {
  return definitionOf(method).requestSerialize(request);
}

function definitionOf(method: string): ServiceDefinition[string] {
  const [service = '', name = ''] = method.split('/');
  const found = (packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition)[name];
  if (found === undefined) throw new Error(`no method ${method}`);
  return found;
}

function callRaw<Response>(
  client: Client,
  method: string,
  request: object | Uint8Array,
  timeoutMs: number,
): Promise<Response> {
  const { responseDeserialize } = definitionOf(method);
  const bytes =
    request instanceof Uint8Array ? Buffer.from(request) : encodeRequest(method, request);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<Buffer, Response>(
      pathOf(method),
      (own) => own,
      (answer) => responseDeserialize(answer) as Response,
      bytes,
      { deadline: Date.now() + timeoutMs },
      (error, response) => {
        // Not an Error on purpose: it is the result that a test looks at.
        if (error !== null) reject(failureOf(error));
        else resolve(response as Response);
      },
    );
  });
}

function failureOf(error: ServiceError): Failure {
  const { kind, reason, message, details, retryAfterMs } = callError(error);
  return { code: error.code, kind, reason, message, details, retryAfterMs };
}

/** One HTTP/2 connection without any library of gRPC on it. */
export interface RawConnection extends AsyncDisposable {
  readonly session: ClientHttp2Session;
  /** Begins a call and sends nothing yet. */
  open(method: string, headers?: Readonly<Record<string, string>>): ClientHttp2Stream;
  /** Sends the body in these pieces and resolves how the call ended. */
  send(
    method: string,
    pieces: Iterable<Uint8Array>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<RawAnswer>;
  readonly isClosed: boolean;
}

export interface RawAnswer {
  /** gRPC status code; undefined when the stream ended without one. */
  readonly status: number | undefined;
  readonly message: string;
  /** Error code of HTTP/2 with which the stream ended; 0: in order. */
  readonly rstCode: number;
}

export async function connectRaw(address: string): Promise<RawConnection> {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  await new Promise((resolve, reject) => {
    session.once('connect', resolve);
    session.once('error', reject);
  });
  // The settings of both sides hold from now on.
  await new Promise((resolve) => session.ping(resolve));
  const open: RawConnection['open'] = (method, headers = {}) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': pathOf(method),
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  };
  return {
    session,
    open,
    send: async (method, pieces, headers) => {
      const stream = open(method, headers);
      const answer = answerOf(stream);
      for (const piece of pieces) {
        if (stream.destroyed || stream.closed) break;
        if (!stream.write(piece)) await drained(stream);
      }
      if (!stream.destroyed) stream.end();
      return await answer;
    },
    get isClosed() {
      return session.closed || session.destroyed;
    },
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return;
      const closed = new Promise((resolve) => session.once('close', resolve));
      session.destroy();
      await closed;
    },
  };
}

/** How a call of `open` ends. Its data is read and dropped. */
export function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  let status: number | undefined;
  let message = '';
  const read = (headers: Readonly<Record<string, unknown>>): void => {
    if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
    const told = headers['grpc-message'];
    if (typeof told === 'string') message = decodeURI(told);
  };
  stream.on('response', read);
  stream.on('trailers', read);
  stream.resume();
  return new Promise((resolve) => {
    stream.once('close', () => resolve({ status, message, rstCode: stream.rstCode ?? 0 }));
  });
}

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.on('drain', go);
    stream.on('close', go);
  });
}

/** A message with its prefix, as it goes into DATA frames. */
export function frame(message: Uint8Array, isCompressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isCompressed ? 1 : 0, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
