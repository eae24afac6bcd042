/** What can go wrong on purpose, and how slow S3 is. */
import type { Answer } from './answer.ts';

export type GatewayOperation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'ListObjectsV2'
  | 'HeadBucket'
  | 'CreateBucket';

export interface GatewayRequest {
  readonly operation: GatewayOperation;
  readonly key: string | undefined;
  /** Bytes of the request's body. */
  readonly bytes: number;
  /** Number of this request since the gateway started, from 0. */
  readonly ordinal: number;
}

/** `latencyMs` passes before anything else happens. */
export type Fault =
  | { readonly kind: 'latency'; readonly latencyMs: number }
  /** Nothing is done; the answer is an error of S3. */
  | {
      readonly kind: 'refuse';
      readonly latencyMs?: number;
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Done, but answered with 500 InternalError. */
  | { readonly kind: 'appliedButFailed'; readonly latencyMs?: number }
  /** Never answered; done `landAfterMs` after the request came. */
  | { readonly kind: 'lateLanding'; readonly landAfterMs: number }
  /** GET: the connection ends after that many bytes of the body. */
  | { readonly kind: 'truncatedBody'; readonly latencyMs?: number; readonly bytes: number }
  /** Done, but answered in another way, as by a cache in between. */
  | {
      readonly kind: 'altered';
      readonly latencyMs?: number;
      readonly alter: (answer: Answer) => Answer;
    }
  /** The connection is reset, before or after the request was carried out. */
  | { readonly kind: 'reset'; readonly latencyMs?: number; readonly isApplied: boolean };

export type FaultRule = (request: GatewayRequest) => Fault | undefined;

export const SLOW_DOWN: Fault = { kind: 'refuse', status: 503, code: 'SlowDown' };

export interface LatencyOptions {
  /** Milliseconds that half of the requests take at most. */
  readonly p50Ms: number;
  /** Milliseconds that 99 of 100 requests take at most. */
  readonly p99Ms: number;
  readonly seed: number;
  /** Default: PutObject alone. */
  readonly operations?: readonly GatewayOperation[];
}

/** Standard deviations from the median to the 99th percentile of a normal distribution. */
const Z_P99 = 2.326_347_874;

/** Latency drawn from the log-normal distribution with the given percentiles; the same seed draws the same ones. */
export function latencyRule(options: LatencyOptions): FaultRule {
  const operations = new Set(options.operations ?? ['PutObject']);
  const sigma = Math.log(options.p99Ms / options.p50Ms) / Z_P99;
  const random = seededRandom(options.seed);
  return ({ operation }) => {
    if (!operations.has(operation)) return undefined;
    return { kind: 'latency', latencyMs: options.p50Ms * Math.exp(sigma * standardNormal(random)) };
  };
}

/** Box and Muller's transform of two uniform numbers. */
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers in [0, 1) from a 32-bit state: a Weyl sequence through the finalizer of MurmurHash3. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
