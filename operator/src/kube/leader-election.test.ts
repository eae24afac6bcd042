import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpKubeApi } from './http-kube-api.ts';
import type { KubeObject } from './kube-api.ts';
import { LeaderElection, type Term } from './leader-election.ts';
import { FakeKubeApi } from './testing/fake-kube-api.test-support.ts';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';

const COLLECTION = '/apis/coordination.k8s.io/v1/leases';
const KEY = 'system/operator';

interface Lease extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

let fake: FakeKubeApi;
let clock: VirtualClock;
let candidates: Candidate[];

/** One process that takes part. */
class Candidate {
  readonly identity: string;
  readonly terms: Term[] = [];
  readonly errors: unknown[] = [];
  readonly masters: boolean[] = [];
  readonly kube: HttpKubeApi;
  /** Nothing that it sends arrives. */
  isCutOff = false;
  readonly #stop = new AbortController();
  #isOver = false;
  /** Ends the present term's work. */
  finish: () => void = () => {};

  constructor(identity: string) {
    this.identity = identity;
    this.kube = new HttpKubeApi({
      access: {
        server: fake.url,
        credentials: () => Promise.resolve({ headers: { from: identity } }),
      },
      clock,
      random: () => 0.5,
      userAgent: identity,
    });
    const election = new LeaderElection({
      kube: this.kube,
      clock,
      random: () => 0.5,
      namespace: 'system',
      name: 'operator',
      identity,
      onError: (error) => this.errors.push(error),
      onChange: (isLeader) => this.masters.push(isLeader),
    });
    const over = election.run((term) => this.#lead(term), this.#stop.signal);
    void over.finally(() => {
      this.#isOver = true;
    });
    candidates.push(this);
  }

  #lead(term: Term): Promise<void> {
    this.terms.push(term);
    return new Promise((resolve) => {
      this.finish = resolve;
      term.lost.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  get isHeld(): boolean {
    return this.terms.at(-1)?.isHeld() ?? false;
  }

  stop(): void {
    this.#stop.abort();
  }

  async end(): Promise<void> {
    this.stop();
    this.finish();
    await clock.until(() => this.#isOver);
    this.kube[Symbol.dispose]();
  }
}

function candidate(identity: string): Candidate {
  return new Candidate(identity);
}

beforeEach(async () => {
  fake = await FakeKubeApi.start();
  clock = new VirtualClock();
  candidates = [];
  fake.fault = ({ headers }) =>
    candidates.some(({ identity, isCutOff }) => isCutOff && headers.from === identity)
      ? { kind: 'hang' }
      : undefined;
});
afterEach(async () => {
  for (const one of candidates) await one.end();
  expect(clock.timers).toBe(0);
  await fake[Symbol.asyncDispose]();
});

function lease(): Lease {
  return fake.objects.get(COLLECTION, KEY) as Lease;
}

describe('LeaderElection', () => {
  it('makes the first candidate the leader, and renews every 2 s', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    expect(lease().spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.pass(60_000);
    expect(a.isHeld).toBe(true);
    expect(a.masters).toEqual([true]);
    expect(fake.count('PUT')).toBe(27);
    expect(lease().spec).toMatchObject({ acquireTime: '2026-01-01T00:00:00.000000Z' });
  });

  it('has one leader while it renews', async () => {
    const [a, b] = [candidate('a'), candidate('b')];
    await clock.pass(120_000);
    expect(a.terms.length + b.terms.length).toBe(1);
  });

  it('gives the lease to another candidate as soon as it has stopped and its work is finished', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const b = candidate('b');
    await clock.pass(10_000);
    a.stop();
    await clock.pass(20_000);
    expect(a.terms[0]?.stop.aborted).toBe(true);
    expect(a.isHeld).toBe(true);
    expect(b.terms.length).toBe(0);
    a.finish();
    const finishedMs = clock.monotonicMs();
    await clock.until(() => b.isHeld);
    expect(clock.monotonicMs() - finishedMs).toBe(0);
    expect(a.isHeld).toBe(false);
    expect(a.masters).toEqual([true, false]);
    expect(b.isHeld).toBe(true);
    expect(lease().spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('gives it within 3 s to one that may not watch', async () => {
    fake.fault = ({ query }) =>
      query.has('watch') ? { kind: 'answer', status: 403, reason: 'Forbidden' } : undefined;
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const b = candidate('b');
    await clock.pass(10_000);
    expect(b.errors).not.toHaveLength(0);
    a.stop();
    a.finish();
    await clock.pass(3_000);
    expect(b.isHeld).toBe(true);
  });

  it('takes part again as soon as the lease is deleted', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const b = candidate('b');
    await clock.pass(10_000);
    a.isCutOff = true;
    fake.objects.remove(COLLECTION, KEY);
    const deletedMs = clock.monotonicMs();
    await clock.until(() => b.isHeld);
    expect(clock.monotonicMs() - deletedMs).toBe(0);
  });

  it('asks for the lease once and is told of renewals while another one leads', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    candidate('b');
    await clock.pass(60_000);
    const ofB = fake.asked.filter(({ headers }) => headers.from === 'b');
    expect(ofB.map(({ method, query }) => `${method} ${query.get('fieldSelector') ?? ''}`)).toEqual(
      ['GET ', 'GET metadata.name=operator'],
    );
  });

  it('goes on after a watch that broke off', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const b = candidate('b');
    for (let times = 0; times < 5; times++) {
      await clock.pass(10_000);
      fake.dropWatches();
    }
    expect(b.terms).toHaveLength(0);
    await clock.pass(10_000);
    expect(fake.watches).toBe(1);
  });

  it('has another leader within 20 s of a crash, and not before the old one would have stopped', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const b = candidate('b');
    await clock.pass(30_000);
    a.isCutOff = true;
    const cutMs = clock.monotonicMs();
    await clock.until(() => !a.isHeld);
    const lostMs = clock.monotonicMs() - cutMs;
    expect(a.terms[0]?.lost.aborted).toBe(true);
    expect(b.isHeld).toBe(false);
    await clock.until(() => b.isHeld);
    const takenMs = clock.monotonicMs() - cutMs;
    expect(lostMs).toBeLessThanOrEqual(10_000);
    expect(takenMs - lostMs).toBeGreaterThanOrEqual(4_000);
    expect(takenMs).toBeLessThanOrEqual(20_000);
  });

  it('counts from when a renewal was sent, not from when its answer came', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const late = Promise.withResolvers<void>();
    let sentMs: number | undefined;
    fake.fault = ({ method }) => {
      if (sentMs !== undefined) return { kind: 'hang' };
      if (method !== 'PUT') return undefined;
      sentMs = clock.monotonicMs();
      return { kind: 'late', until: late.promise };
    };
    await clock.pass(5_000);
    expect(sentMs).toBeDefined();
    late.resolve();
    await clock.until(() => !a.isHeld);
    expect(clock.monotonicMs() - sentMs!).toBe(10_000);
  });

  it('keeps its leader while the API server is away for less than the deadline', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    a.isCutOff = true;
    await clock.pass(5_000);
    a.isCutOff = false;
    await clock.pass(60_000);
    expect(a.terms.length).toBe(1);
    expect(a.isHeld).toBe(true);
    expect(a.errors.length).toBeGreaterThan(0);
  });

  it('does not believe what a lease says of the time', async () => {
    const spec = {
      holderIdentity: 'z',
      leaseDurationSeconds: 15,
      renewTime: '1999-01-01T00:00:00Z',
    };
    const metadata = { namespace: 'system', name: 'operator' };
    fake.objects.put(COLLECTION, { metadata, spec } as Lease);
    const a = candidate('a');
    await clock.pass(14_900);
    expect(a.terms.length).toBe(0);
    await clock.pass(500);
    expect(a.isHeld).toBe(true);
  });

  it('counts from the last change that it saw', async () => {
    const metadata = { namespace: 'system', name: 'operator' };
    fake.objects.put(COLLECTION, { metadata, spec: { holderIdentity: 'z' } } as Lease);
    const b = candidate('b');
    await clock.pass(10_000);
    fake.objects.put(COLLECTION, {
      metadata,
      spec: { holderIdentity: 'z', renewTime: 'x' },
    } as Lease);
    await clock.pass(14_000);
    expect(b.terms.length).toBe(0);
    await clock.pass(5_000);
    expect(b.isHeld).toBe(true);
  });

  it('lets one of two win who take a free lease at the same time', async () => {
    fake.objects.put(COLLECTION, {
      metadata: { namespace: 'system', name: 'operator' },
      spec: { holderIdentity: '' },
    } as Lease);
    const all = ['a', 'b', 'c'].map(candidate);
    await clock.until(() => all.some(({ isHeld }) => isHeld));
    await clock.pass(5_000);
    expect(all.filter(({ isHeld }) => isHeld).length).toBe(1);
    expect(all.flatMap(({ terms }) => terms).length).toBe(1);
  });

  it('ends the term at once when someone else has the lease, even if he has given it back', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const { spec, ...object } = lease();
    fake.objects.put(COLLECTION, { ...object, spec: { ...spec, holderIdentity: '' } } as Lease);
    await clock.pass(2_500);
    expect(a.terms[0]?.lost.aborted).toBe(true);
    await clock.pass(5_000);
    expect(a.terms.length).toBe(2);
    expect(a.isHeld).toBe(true);
  });

  it('is given back by a candidate that was stopped while it took it', async () => {
    fake.objects.put(COLLECTION, {
      metadata: { namespace: 'system', name: 'operator' },
      spec: { holderIdentity: '' },
    } as Lease);
    const late = Promise.withResolvers<void>();
    fake.fault = ({ method }) =>
      method === 'PUT' && fake.count('PUT') === 1
        ? { kind: 'late', until: late.promise }
        : undefined;
    const a = candidate('a');
    await clock.until(() => fake.count('PUT') === 1);
    expect(lease().spec).toMatchObject({ holderIdentity: 'a' });
    a.stop();
    late.resolve();
    await a.end();
    expect(lease().spec).toMatchObject({ holderIdentity: '' });
  });

  it('is not held by a process that stood still, before it notices', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    const frozen = clock.freeze(11_000);
    expect(a.terms[0]?.lost.aborted).toBe(false);
    expect(a.isHeld).toBe(false);
    frozen();
    await clock.pass(0);
    expect(a.terms[0]?.lost.aborted).toBe(true);
  });

  it('takes part again after its work has ended', async () => {
    const a = candidate('a');
    await clock.until(() => a.isHeld);
    a.finish();
    await clock.until(() => a.terms.length === 2);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(2_000);
  });

  it('releases the lease and throws when its work throws', async () => {
    using kube = new HttpKubeApi({
      access: { server: fake.url, credentials: () => Promise.resolve({}) },
      clock,
      random: () => 0.5,
      userAgent: 'x',
    });
    const election = new LeaderElection({
      kube,
      clock,
      random: () => 0.5,
      namespace: 'system',
      name: 'operator',
      identity: 'x',
      onError: () => {},
    });
    const { signal } = new AbortController();
    await expect(election.run(() => Promise.reject(new Error('broken')), signal)).rejects.toThrow(
      'broken',
    );
    expect(lease().spec).toMatchObject({ holderIdentity: '' });
  });
});
