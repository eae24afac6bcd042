/**
 * The S3 adapter against what speaks S3: always the harness's gateway, which fails on purpose, and a real server where
 * there is one.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Secret } from '@streamhouse/core/secret.ts';
import {
  type ConformanceSubject,
  objectStoreConformance,
} from '@streamhouse/store/objects/conformance.test-support.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { openS3Store, type S3StoreOptions } from '@streamhouse/store/objects/s3.ts';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Answer } from '../harness/s3-gateway/answer.ts';
import { type Fault, type FaultRule, latencyRule, SLOW_DOWN } from '../harness/s3-gateway/fault.ts';
import {
  type S3Gateway,
  type S3GatewayOptions,
  startS3Gateway,
} from '../harness/s3-gateway/gateway.ts';
import { findVersityGw, startVersityGw } from '../harness/versitygw.ts';

const BUCKET = 'streamhouse-data';
const ACCESS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not/a+secret' };
const CREDENTIALS = {
  accessKeyId: ACCESS.accessKeyId,
  secretAccessKey: new Secret(ACCESS.secretAccessKey),
};
const signal = new AbortController().signal;
const BYTES = Buffer.from('some bytes of an object');
const WHOLE = { position: 0, length: BYTES.length };

function open(url: string, options: Partial<S3StoreOptions> = {}): Promise<ObjectStore> {
  const base = { endpoint: url, region: 'us-east-1', bucket: BUCKET, credentials: CREDENTIALS };
  return openS3Store({ ...base, requestTimeoutMs: 20_000, ...options });
}

async function temporaryRoot(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'streamhouse-s3-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A subject over a server that runs until the end of the suite. */
function subject(url: string, parts: AsyncDisposableStack): ConformanceSubject {
  return {
    open: () => open(url),
    openMissing: () => open(url, { bucket: 'not-there' }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

objectStoreConformance('S3 (gateway of the harness)', async () => {
  await using parts = new AsyncDisposableStack();
  const root = parts.use(await temporaryRoot());
  const gateway = parts.use(
    await startS3Gateway({ root: root.path, port: 0, bucket: BUCKET, ...ACCESS }),
  );
  return subject(gateway.url, parts.move());
});

const versityGw = await findVersityGw();
const why = 'reason' in versityGw ? `: ${versityGw.reason}` : '';
if (why !== '')
  console.error(`NOT TESTED against a real S3 server, because versitygw is not there${why}`);
describe.skipIf('reason' in versityGw)(`with the real server versitygw${why}`, () => {
  objectStoreConformance('S3 (versitygw)', async () => {
    if ('reason' in versityGw) throw new Error(versityGw.reason);
    await using parts = new AsyncDisposableStack();
    const root = parts.use(await temporaryRoot());
    await mkdir(join(root.path, BUCKET));
    const server = parts.use(
      await startVersityGw({ path: versityGw.path, root: root.path, ...ACCESS }),
    );
    return subject(server.url, parts.move());
  });

  it('is refused for a wrong secret and an unknown key', async () => {
    if ('reason' in versityGw) throw new Error(versityGw.reason);
    await using root = await temporaryRoot();
    await using server = await startVersityGw({ path: versityGw.path, root: root.path, ...ACCESS });
    expect(await refusals(server.url)).toMatchObject(REFUSALS);
  });
});

/** How the store answers a wrong secret, and an access key that does not exist. */
async function refusals(url: string): Promise<unknown[]> {
  const secret = { accessKeyId: CREDENTIALS.accessKeyId, secretAccessKey: new Secret('wrong') };
  await using wrongSecret = await open(url, { credentials: secret });
  await using unknownKey = await open(url, {
    credentials: { ...CREDENTIALS, accessKeyId: 'nobody' },
  });
  const calls = [
    wrongSecret.check({ signal }),
    wrongSecret.put('a', BYTES, { signal }),
    unknownKey.check({ signal }),
  ];
  const results = await Promise.allSettled(calls);
  return results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
}

const REFUSALS = [
  { kind: 'unauthorized', reason: 'S3_SECRET_WRONG' },
  { kind: 'unauthorized', reason: 'S3_SECRET_WRONG' },
  { kind: 'unauthorized', reason: 'S3_ACCESS_KEY_UNKNOWN' },
];

/** A gateway and a store on it, which end with the test. */
async function setUp(
  gatewayOptions: Partial<S3GatewayOptions> = {},
  storeOptions: Partial<S3StoreOptions> = {},
): Promise<{ gateway: S3Gateway; store: ObjectStore }> {
  await using parts = new AsyncDisposableStack();
  const root = parts.use(await temporaryRoot());
  const options = { root: root.path, port: 0, bucket: BUCKET, ...ACCESS, ...gatewayOptions };
  const gateway = parts.use(await startS3Gateway(options));
  const store = parts.use(await open(gateway.url, storeOptions));
  const started = parts.move();
  onTestFinished(() => started.disposeAsync());
  return { gateway, store };
}

/** The fault for the first request of an operation, and none for those after it. */
function once(operation: string, fault: Fault): FaultRule {
  let isDone = false;
  return (request) => {
    if (isDone || request.operation !== operation) return undefined;
    isDone = true;
    return fault;
  };
}

function altered(change: Partial<Answer>): Fault {
  return { kind: 'altered', alter: (answer) => ({ ...answer, ...change }) };
}

describe('the S3 store against faults', () => {
  it.each<[string, Fault, string, string, boolean]>([
    ['503 SlowDown', SLOW_DOWN, 'unavailable', 'S3_SLOW_DOWN', false],
    ['applied but 500', { kind: 'appliedButFailed' }, 'indefinite', 'S3_FAILED', true],
    ['a reset before', { kind: 'reset', isApplied: false }, 'indefinite', 'S3_CONNECTION', false],
    ['a reset after', { kind: 'reset', isApplied: true }, 'indefinite', 'S3_CONNECTION', true],
    [
      'expired credentials',
      { kind: 'refuse', status: 400, code: 'ExpiredToken' },
      'unauthorized',
      'S3_CREDENTIALS_EXPIRED',
      false,
    ],
    [
      'a denial',
      { kind: 'refuse', status: 403, code: 'AccessDenied' },
      'unauthorized',
      'S3_ACCESS_DENIED',
      false,
    ],
    [
      'a conflict',
      { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' },
      'alreadyExists',
      'OBJECT_EXISTS',
      false,
    ],
  ])(
    'answers a put that met %s with one request and says what is known',
    async (_, fault, kind, reason, isThere) => {
      const { gateway, store } = await setUp({ rules: once('PutObject', fault) });
      await expect(store.put('a/1', BYTES, { signal })).rejects.toMatchObject({ kind, reason });
      expect(putCount(gateway)).toBe(1);
      expect(await store.size('a/1', { signal })).toBe(isThere ? BYTES.length : undefined);
    },
  );

  it('does not know what became of a put that timed out, which lands later (I-10)', async () => {
    const landing: Fault = { kind: 'lateLanding', landAfterMs: 400 };
    const { gateway, store } = await setUp(
      { rules: once('PutObject', landing) },
      { requestTimeoutMs: 150 },
    );
    await expect(store.put('a/1', BYTES, { signal })).rejects.toMatchObject({
      kind: 'indefinite',
      reason: 'S3_TIMEOUT',
    });
    expect(await store.size('a/1', { signal })).toBeUndefined();
    await expect.poll(() => store.size('a/1', { signal }), { timeout: 5_000 }).toBe(BYTES.length);
    expect(gateway.counters.PutObject).toMatchObject({
      unanswered: { requests: 1 },
      landedLate: { requests: 1 },
    });
  });

  it('gives a put up when its signal aborts, not knowing what became of it', async () => {
    const controller = new AbortController();
    const reason = new Error('given up');
    const rules: FaultRule = () => {
      controller.abort(reason);
      return { kind: 'lateLanding', landAfterMs: 60_000 };
    };
    const { store } = await setUp({ rules });
    const put = store.put('a/1', BYTES, { signal: controller.signal });
    await expect(put).rejects.toMatchObject({ kind: 'indefinite', cause: reason });
  });

  it('gives a read up with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('given up');
    const rules: FaultRule = () => {
      controller.abort(reason);
      return { kind: 'latency', latencyMs: 60_000 };
    };
    const { store } = await setUp({ rules });
    await expect(store.get('a/1', WHOLE, { signal: controller.signal })).rejects.toBe(reason);
  });

  it.each<[string, Fault, string]>([
    ['a connection that ends in the body', { kind: 'truncatedBody', bytes: 5 }, 'S3_CONNECTION'],
    ['an answer that lacks its end', altered({ body: BYTES.subarray(1) }), 'S3_BODY'],
    [
      'an answer for another range',
      altered({ headers: { 'content-range': 'bytes 1-23/24' } }),
      'S3_BODY',
    ],
    [
      'an answer for a shorter range',
      altered({ headers: { 'content-range': 'bytes 0-21/23' } }),
      'S3_BODY',
    ],
    [
      'an answer to another request than for a range',
      altered({ status: 200, headers: {} }),
      'S3_BODY',
    ],
  ])('takes %s for unavailable and not for data', async (_, fault, reason) => {
    const { gateway, store } = await setUp();
    await store.put('a/1', BYTES, { signal });
    gateway.setRules(once('GetObject', fault));
    await expect(store.get('a/1', WHOLE, { signal })).rejects.toMatchObject({
      kind: 'unavailable',
      reason,
    });
    expect(Buffer.compare(await store.get('a/1', WHOLE, { signal }), BYTES)).toBe(0);
  });

  it('repeats a read that failed, and gives up after three attempts', async () => {
    const { gateway, store } = await setUp();
    await store.put('a/1', BYTES, { signal });
    gateway.setRules(once('GetObject', SLOW_DOWN));
    expect((await store.get('a/1', WHOLE, { signal })).length).toBe(BYTES.length);
    gateway.setRules(() => SLOW_DOWN);
    const busy = { kind: 'unavailable', reason: 'S3_SLOW_DOWN' };
    await expect(store.get('a/1', WHOLE, { signal })).rejects.toMatchObject(busy);
    expect(gateway.counters.GetObject['SlowDown']?.requests).toBe(1 + 3);
  });

  it('says that nothing was sent when the connection is refused', async () => {
    const { gateway, store } = await setUp();
    await gateway[Symbol.asyncDispose]();
    const refusal = { kind: 'unavailable', reason: 'S3_UNREACHABLE' };
    await expect(store.put('a/1', BYTES, { signal })).rejects.toMatchObject(refusal);
    await expect(store.check({ signal })).rejects.toMatchObject(refusal);
  });
});

describe('the S3 store and its settings', () => {
  it('is refused for a wrong secret and an unknown key (B-18)', async () => {
    const { gateway } = await setUp();
    expect(await refusals(gateway.url)).toMatchObject(REFUSALS);
  });

  it('names the right region (B-18)', async () => {
    const { store } = await setUp({ region: 'eu-west-1' });
    await expect(store.check({ signal })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'S3_REGION',
      details: { region: 'eu-west-1' },
    });
  });

  it('corrects a clock that is 20 minutes off by the time in the answer', async () => {
    const { gateway, store } = await setUp({ clockOffsetMs: 20 * 60_000 });
    await store.put('a/1', BYTES, { signal });
    expect(await store.size('a/1', { signal })).toBe(BYTES.length);
    expect(gateway.counters.PutObject).toMatchObject({
      RequestTimeTooSkewed: { requests: 1 },
      OK: { requests: 1 },
    });
  });

  it('names a clock that cannot be corrected (B-18)', async () => {
    const { store } = await setUp({
      rules: () => ({ kind: 'refuse', status: 403, code: 'RequestTimeTooSkewed' }),
    });
    const skewed = { kind: 'unauthorized', reason: 'S3_CLOCK_SKEW' };
    await expect(store.check({ signal })).rejects.toMatchObject(skewed);
    await expect(store.put('a/1', BYTES, { signal })).rejects.toMatchObject(skewed);
  });

  it('finds out in its check that a server overwrites, and deletes what it wrote', async () => {
    const { gateway, store } = await setUp({ ignoresIfNoneMatch: true });
    await expect(store.check({ signal })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'S3_OVERWRITES',
    });
    expect(await Array.fromAsync(store.list('', { signal }))).toEqual([]);
    expect(putCount(gateway)).toBe(2);
  });

  it('proves once that the server is write-once, below the prefix that it was given', async () => {
    const seen: (string | undefined)[] = [];
    const rules: FaultRule = ({ operation, key }) => {
      if (operation === 'PutObject') seen.push(key);
      return undefined;
    };
    const { store } = await setUp({ rules }, { probePrefix: 'team/logs/' });
    await store.check({ signal });
    await store.check({ signal });
    expect(seen).toEqual([expect.stringMatching(/^team\/logs\/probe\/[0-9a-f-]{36}$/), seen[0]]);
  });

  it('shows no secret, however it is printed', async () => {
    const { store } = await setUp();
    const error = await store.get('a/none', WHOLE, { signal }).catch((caught: unknown) => caught);
    const printed = inspect([store, error], { depth: null, showHidden: true });
    expect(printed).not.toContain(ACCESS.secretAccessKey);
    expect(printed).not.toContain('Signature');
  });
});

describe('the gateway of the harness', () => {
  it('keeps a record of a second put with other bytes, and of none with the same', async () => {
    const { gateway, store } = await setUp();
    await store.put('a/1', BYTES, { signal });
    await expect(store.put('a/1', BYTES, { signal })).rejects.toMatchObject({
      kind: 'alreadyExists',
    });
    expect(gateway.violations).toEqual([]);
    const others = BYTES.subarray(1);
    await expect(store.put('a/1', others, { signal })).rejects.toMatchObject({
      kind: 'alreadyExists',
    });
    expect(gateway.violations).toEqual([
      { key: 'a/1', bytes: others.length, existingBytes: BYTES.length },
    ]);
  });

  it('counts requests and bytes by outcome', async () => {
    const { gateway, store } = await setUp();
    await store.put('a/1', BYTES, { signal });
    await store.put('a/1', BYTES, { signal }).catch(() => undefined);
    await store.get('a/1', { position: 3, length: 4 }, { signal });
    expect(gateway.counters.PutObject).toEqual({
      OK: { requests: 1, bytes: BYTES.length },
      PreconditionFailed: { requests: 1, bytes: BYTES.length },
    });
    expect(gateway.counters.GetObject).toEqual({ OK: { requests: 1, bytes: 4 } });
  });

  it('refuses what is not signed', async () => {
    const { gateway } = await setUp();
    const answer = await fetch(`${gateway.url}/${BUCKET}/a`, { method: 'PUT', body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('AccessDenied'),
    ]);
  });

  it('draws latencies with the percentiles that were asked for, the same for the same seed', () => {
    const put = { operation: 'PutObject', key: 'a', bytes: 1, ordinal: 0 } as const;
    const draw = (seed: number): number[] => {
      const rule = latencyRule({ p50Ms: 60, p99Ms: 250, seed });
      return Array.from({ length: 20_000 }, () => {
        const fault = rule(put);
        return fault?.kind === 'latency' ? fault.latencyMs : 0;
      });
    };
    const drawn = draw(1);
    const sorted = drawn.toSorted((a, b) => a - b);
    expect(sorted[10_000]).toBeGreaterThan(57);
    expect(sorted[10_000]).toBeLessThan(63);
    expect(sorted[19_800]).toBeGreaterThan(230);
    expect(sorted[19_800]).toBeLessThan(270);
    expect(draw(1)).toEqual(drawn);
    expect(draw(2)).not.toEqual(drawn);
    expect(
      latencyRule({ p50Ms: 60, p99Ms: 250, seed: 1 })({ ...put, operation: 'GetObject' }),
    ).toBeUndefined();
  });
});

function putCount(gateway: S3Gateway): number {
  return Object.values(gateway.counters.PutObject).reduce((sum, { requests }) => sum + requests, 0);
}
