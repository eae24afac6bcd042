/**
 * A server that speaks as much of S3 as the product uses, over a directory store, and fails on purpose when its
 * rules say so. Signatures are verified as S3 does. It refuses to overwrite a key with other bytes, whatever
 * the request's conditions, and keeps a record of who tried.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delay } from '@streamhouse/core/async/clock.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { type Answer, S3Failure } from './answer.ts';
import { type BucketRequest, Buckets, type Violation } from './buckets.ts';
import type { Fault, FaultRule, GatewayOperation } from './fault.ts';
import { parseRequest, readBody, send, sendTruncated } from './http.ts';
import { type Verifier, verifySignature } from './signature.ts';

export interface S3GatewayOptions {
  /** Directory of the buckets. */
  readonly root: string;
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Made when it is not there. */
  readonly bucket: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Milliseconds by which the gateway's clock is ahead of this machine's. */
  readonly clockOffsetMs?: number;
  /** As some servers do: a second put of the same bytes succeeds whatever its condition. Default false. */
  readonly ignoresIfNoneMatch?: boolean;
  readonly rules?: FaultRule;
}

/** Requests and the bytes of objects in them, by operation and outcome: `OK`, a code of S3, `reset`, `unanswered`. */
export type GatewayCounters = Record<
  GatewayOperation,
  Record<string, { requests: number; bytes: number }>
>;

export interface S3Gateway extends AsyncDisposable {
  readonly url: string;
  readonly counters: GatewayCounters;
  readonly violations: readonly Violation[];
  setRules(rules: FaultRule | undefined): void;
}

export async function startS3Gateway(options: S3GatewayOptions): Promise<S3Gateway> {
  const gateway = new Gateway(options);
  await gateway.listen(options);
  return gateway;
}

class Gateway implements S3Gateway {
  readonly counters: GatewayCounters = {
    PutObject: {},
    GetObject: {},
    HeadObject: {},
    DeleteObject: {},
    ListObjectsV2: {},
    HeadBucket: {},
    CreateBucket: {},
  };
  readonly #buckets: Buckets;
  readonly #server: Server;
  readonly #verifier: Verifier;
  readonly #stop = new AbortController();
  readonly #requests = new Set<Promise<void>>();
  #rules: FaultRule | undefined;
  #count = 0;

  constructor(options: S3GatewayOptions) {
    const { accessKeyId, secretAccessKey, region = 'us-east-1', clockOffsetMs = 0 } = options;
    this.#verifier = {
      accessKeyId,
      secretAccessKey,
      region,
      nowMs: () => Date.now() + clockOffsetMs,
    };
    this.#rules = options.rules;
    // Not the stop signal: what a request has begun is finished when the gateway closes.
    this.#buckets = new Buckets(
      options.root,
      { signal: new AbortController().signal },
      options.ignoresIfNoneMatch ?? false,
    );
    // An idle connection outlives the pauses of a test: closing it would look like a fault.
    this.#server = createServer(
      { keepAliveTimeout: 120_000, highWaterMark: 1 << 20 },
      (request, response) => {
        const served = this.#serve(request, response).finally(() => this.#requests.delete(served));
        this.#requests.add(served);
      },
    );
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get violations(): readonly Violation[] {
    return this.#buckets.violations;
  }

  setRules(rules: FaultRule | undefined): void {
    this.#rules = rules;
  }

  async listen({ port, bucket }: S3GatewayOptions): Promise<void> {
    await this.#buckets.create(bucket);
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Requests under way are answered; those that wait for their fault are not, and late ones never land. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#server.close();
    await Promise.allSettled(this.#requests);
    this.#server.closeAllConnections();
    await this.#buckets[Symbol.asyncDispose]();
  }

  async #serve(http: IncomingMessage, response: ServerResponse): Promise<void> {
    let request: BucketRequest | undefined;
    try {
      const { bytes, sha256 } = await readBody(http);
      request = parseRequest(http, bytes);
      const known = request;
      await this.#respond(known, response, async () => {
        verifySignature(http, sha256, this.#verifier);
        return await this.#buckets.run(known);
      });
    } catch (error) {
      const isAnswerable = http.complete && !this.#stop.signal.aborted;
      if (!isAnswerable && !(error instanceof S3Failure)) {
        response.destroy();
        return;
      }
      const failure =
        error instanceof S3Failure ? error : new S3Failure(500, 'InternalError', String(error));
      if (request !== undefined) this.#record(request, failure.code);
      send(response, failure.toAnswer(), this.#verifier.nowMs());
    }
  }

  /** Carries a request out as its fault says; `run` does what was asked for. */
  async #respond(
    request: BucketRequest,
    response: ServerResponse,
    run: () => Promise<Answer>,
  ): Promise<void> {
    const fault = this.#faultFor(request);
    if (fault !== undefined && 'latencyMs' in fault) await this.#wait(fault.latencyMs ?? 0);
    switch (fault?.kind) {
      case undefined:
      case 'latency':
        return this.#send(request, response, await run());
      case 'refuse':
        throw new S3Failure(fault.status, fault.code, 'Refused by a rule.', fault.headers);
      case 'appliedButFailed':
        await run();
        throw new S3Failure(500, 'InternalError', 'Failed by a rule.');
      case 'lateLanding':
        this.#record(request, 'unanswered');
        await this.#wait(fault.landAfterMs);
        await run();
        return this.#record(request, 'landedLate');
      case 'truncatedBody':
        sendTruncated(response, await run(), fault.bytes);
        return this.#record(request, 'truncated');
      case 'altered':
        send(response, fault.alter(await run()), this.#verifier.nowMs());
        return this.#record(request, 'altered');
      case 'reset':
        if (fault.isApplied) await run();
        response.socket?.resetAndDestroy();
        return this.#record(request, 'reset');
    }
  }

  #send(request: BucketRequest, response: ServerResponse, answer: Answer): void {
    send(response, answer, this.#verifier.nowMs());
    this.#record(
      request,
      'OK',
      request.operation === 'GetObject' ? answer.body.length : request.body.length,
    );
  }

  #faultFor({ operation, key, body }: BucketRequest): Fault | undefined {
    const ordinal = this.#count;
    this.#count += 1;
    return this.#rules?.({
      operation,
      key: key === '' ? undefined : key,
      bytes: body.length,
      ordinal,
    });
  }

  #record({ operation, body }: BucketRequest, outcome: string, bytes: number = body.length): void {
    const outcomes = this.counters[operation];
    const counter = outcomes[outcome] ?? { requests: 0, bytes: 0 };
    outcomes[outcome] = counter;
    counter.requests += 1;
    counter.bytes += bytes;
  }

  async #wait(ms: number): Promise<void> {
    await delay(systemClock, ms, this.#stop.signal);
  }
}
