import { LIMITS } from '@streamhouse/core/limits.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpKubeApi } from './http-kube-api.ts';
import { type KubeObject, keyOf, type ResourceType } from './kube-api.ts';
import { Reflector } from './reflector.ts';
import { type Change, ResourceCache, trimMetadata } from './resource-cache.ts';
import { FakeKubeApi, type Fault } from './testing/fake-kube-api.test-support.ts';
import { VirtualClock } from './testing/virtual-clock.test-support.ts';

const THINGS: ResourceType = {
  group: 'streamhouse.io',
  version: 'v1alpha1',
  plural: 'things',
  kind: 'Thing',
  isNamespaced: true,
};
const COLLECTION = '/apis/streamhouse.io/v1alpha1/things';

interface Thing extends KubeObject {
  readonly size?: number;
}

/** A server, and a reflector that follows it into a cache. */
class World implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly fake: FakeKubeApi;
  readonly cache: ResourceCache<Thing> = new ResourceCache({ trim: (thing) => this.trim(thing) });
  readonly changes: string[] = [];
  readonly errors: unknown[] = [];
  readonly reflector: Reflector<Thing>;
  /** What whoever only listens to the changes believes to be there. */
  readonly told: Map<string, string | undefined> = new Map();
  onChange: (change: Change<Thing>) => void = () => {};
  trim: (thing: Thing) => Thing = trimMetadata;
  watchesBegun = 0;
  readonly #kube: HttpKubeApi;
  readonly #stop = new AbortController();
  #over: Promise<void> | undefined;

  constructor(fake: FakeKubeApi, namespace?: string) {
    this.fake = fake;
    this.#kube = new HttpKubeApi({
      access: { server: fake.url, credentials: () => Promise.resolve({}) },
      clock: this.clock,
      random: () => 0.5,
      userAgent: 'test',
    });
    this.reflector = new Reflector<Thing>({
      kube: this.#kube,
      type: THINGS,
      ...(namespace === undefined ? {} : { namespace }),
      cache: this.cache,
      clock: this.clock,
      random: () => 0.5,
      onChange: (change) => {
        this.changes.push(
          `${change.before === undefined ? '+' : change.after === undefined ? '-' : '~'}${change.key}`,
        );
        this.told.set(change.key, change.after?.metadata.resourceVersion);
        this.onChange(change);
      },
      onError: (error) => this.errors.push(error),
      onWatch: () => void this.watchesBegun++,
    });
  }

  static async open(namespace?: string): Promise<World> {
    return new World(await FakeKubeApi.start(), namespace);
  }

  run(): void {
    this.#over = this.reflector.run(this.#stop.signal);
  }

  put(name: string, size = 0): void {
    this.fake.objects.put(COLLECTION, { metadata: { namespace: 'shop', name }, size } as Thing);
  }

  remove(name: string): void {
    this.fake.objects.remove(COLLECTION, `shop/${name}`);
  }

  /** Runs and waits until the first watch stands. */
  async follow(): Promise<void> {
    this.run();
    await this.clock.until(() => this.fake.watches === 1);
  }

  /** Whether the cache and those who were told of its changes have what the server has. */
  isLevel(): boolean {
    const there = this.fake.objects.all(COLLECTION);
    const told = [...this.told.values()].filter((version) => version !== undefined).length;
    return (
      there.length === this.cache.size &&
      there.length === told &&
      there.every(({ metadata }) => {
        const key = keyOf(metadata);
        const { resourceVersion } = metadata;
        return (
          this.cache.get(key)?.metadata.resourceVersion === resourceVersion &&
          this.told.get(key) === resourceVersion
        );
      })
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#over;
    this.#kube[Symbol.dispose]();
    await this.fake[Symbol.asyncDispose]();
  }
}

let world: World;

beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('the first list', () => {
  it('comes in pages, and is in the cache before it counts as synced', async () => {
    const objects = LIMITS.kubePageObjects * 2 + 1;
    for (let n = 0; n < objects; n++) world.put(`t${n}`);
    const synced = world.reflector.synced(new AbortController().signal);
    world.run();
    await synced;
    expect(world.cache.size).toBe(objects);
    expect(world.changes.length).toBe(objects);
    expect(world.fake.asked.filter(({ query }) => query.has('limit')).length).toBe(3);
  });

  it('is trimmed page by page, not when all of it is there', async () => {
    const objects = LIMITS.kubePageObjects + 1;
    for (let n = 0; n < objects; n++) world.put(`t${n}`);
    const trimmed: number[] = [];
    world.trim = (thing) => {
      trimmed.push(world.fake.asked.filter(({ query }) => query.has('limit')).length);
      return thing;
    };
    world.run();
    await world.clock.until(() => world.reflector.isSynced);
    expect(trimmed.filter((pages) => pages === 1).length).toBe(LIMITS.kubePageObjects);
    expect(trimmed.length).toBe(objects);
  });

  it('that fails makes nothing synced and is asked again, for ever, less and less often', async () => {
    world.put('a');
    let failures = 0;
    world.fake.fault = () =>
      failures++ < 12 ? { kind: 'answer', status: 500, reason: 'InternalError' } : undefined;
    world.run();
    await world.clock.until(() => failures === 5);
    expect(world.reflector.isSynced).toBe(false);
    expect(world.fake.watches).toBe(0);
    await world.clock.until(() => world.reflector.isSynced);
    expect(world.cache.size).toBe(1);
    const waitsMs = 0.75 * (800 + 1_600 + 3_200 + 6_400 + 12_800 + 25_600 + 6 * 30_000);
    expect(world.clock.monotonicMs()).toBe(waitsMs);
  });

  it('whose state is forgotten between two pages begins again', async () => {
    for (let n = 0; n < LIMITS.kubePageObjects + 1; n++) world.put(`t${n}`);
    let isFirst = true;
    world.fake.fault = ({ query }) => {
      if (!query.has('continue') || !isFirst) return undefined;
      isFirst = false;
      world.remove('t7');
      world.fake.objects.compact();
      return undefined;
    };
    await world.follow();
    expect(world.isLevel()).toBe(true);
    expect(world.changes).not.toContain('+shop/t7');
    expect(world.errors).toEqual([]);
  });

  it('with a page of another state begins again', async () => {
    for (let n = 0; n < LIMITS.kubePageObjects + 1; n++) world.put(`t${n}`);
    const metadata = { resourceVersion: '999' };
    const text = JSON.stringify({ metadata, items: [] });
    let isFirst = true;
    world.fake.fault = ({ query }) => {
      if (!query.has('continue') || !isFirst) return undefined;
      isFirst = false;
      return { kind: 'answer', status: 200, text };
    };
    await world.follow();
    expect(world.isLevel()).toBe(true);
  });

  it('is not waited for longer than the signal allows', async () => {
    const stop = new AbortController();
    const synced = world.reflector.synced(stop.signal);
    stop.abort(new Error('enough'));
    await expect(synced).rejects.toThrow('enough');
  });
});

describe('the watch', () => {
  it('follows what comes, changes and goes, and tells of each', async () => {
    await world.follow();
    world.put('a');
    world.put('a', 1);
    world.put('b');
    world.remove('b');
    await world.clock.until(() => world.changes.length === 4);
    expect(world.changes).toEqual(['+shop/a', '~shop/a', '+shop/b', '-shop/b']);
    expect(world.isLevel()).toBe(true);
    const [watch] = world.fake.asked.filter(({ query }) => query.has('watch'));
    expect(watch?.query.get('timeoutSeconds')).toBe('450');
  });

  it('that ends goes on where it was, with no list', async () => {
    world.put('a');
    await world.follow();
    world.put('b');
    await world.clock.pass(60_000);
    world.fake.endWatches();
    await world.clock.until(() => world.watchesBegun === 2 && world.fake.watches === 1);
    world.put('c');
    await world.clock.until(() => world.cache.size === 3);
    expect(world.fake.count('GET')).toBe(1);
    expect(world.errors).toEqual([]);
  });

  it('goes on from its last bookmark, where its last event is forgotten by then', async () => {
    world.put('a');
    await world.follow();
    world.fake.objects.put('/api/v1/pods', { metadata: { namespace: 'shop', name: 'other' } });
    world.fake.bookmark();
    await world.clock.pass(60_000);
    world.fake.objects.compact();
    world.fake.endWatches();
    await world.clock.until(() => world.watchesBegun === 2 && world.fake.watches === 1);
    expect(world.fake.count('GET')).toBe(1);
  });

  it('that breaks off goes on where it was', async () => {
    await world.follow();
    world.fake.dropWatches();
    world.put('a');
    await world.clock.until(() => world.cache.size === 1);
    expect(world.fake.count('GET')).toBe(1);
    expect(world.errors.length).toBe(1);
  });

  it('that hangs is replaced once it was silent for too long', async () => {
    await world.follow();
    world.fake.sent = () => [];
    world.put('a');
    world.fake.sent = (entry) => [entry];
    await world.clock.until(() => world.cache.size === 1);
    expect(world.clock.monotonicMs()).toBeGreaterThan(LIMITS.kubeWatchIdleMsMax);
    expect(world.fake.count('GET')).toBe(1);
  });

  it('from a forgotten state lists again, and finds what went meanwhile', async () => {
    for (const name of ['a', 'b', 'c']) world.put(name);
    await world.follow();
    world.fake.sent = () => [];
    world.remove('b');
    world.put('a', 1);
    world.fake.objects.compact();
    world.fake.dropWatches();
    await world.clock.until(() => world.fake.count('GET') === 2 && world.fake.watches === 1);
    expect(world.changes.slice(3)).toEqual(['~shop/a', '-shop/b']);
    expect(world.isLevel()).toBe(true);
  });

  it('leaves the cache as it is while lists fail', async () => {
    world.put('a');
    await world.follow();
    let failures = 0;
    world.fake.fault = ({ query }) => {
      if (query.has('watch')) return undefined;
      failures++;
      const faults: Fault[] = [
        { kind: 'answer', status: 500 },
        { kind: 'answer', status: 200, text: '{"items":[]}' },
        { kind: 'answer', status: 403, reason: 'Forbidden' },
        { kind: 'truncate' },
      ];
      return faults[failures % 4];
    };
    world.put('b');
    world.fake.objects.compact();
    world.fake.dropWatches();
    await world.clock.until(() => failures >= 8);
    expect(world.cache.get('shop/a')).toBeDefined();
    expect(world.changes.filter((change) => change.startsWith('-'))).toEqual([]);
    expect(world.reflector.isSynced).toBe(true);
  });

  it('that ends at once and brings nothing is not asked for in a loop', async () => {
    await world.follow();
    world.fake.fault = ({ query }) =>
      query.has('watch') ? { kind: 'answer', status: 200, text: '' } : undefined;
    world.fake.endWatches();
    await world.clock.until(() => world.watchesBegun === 8);
    expect(world.clock.monotonicMs()).toBeGreaterThan(0.75 * (800 + 1_600 + 3_200 + 6_400));
  });

  it('takes each event once, and none that is older than what it knows', async () => {
    await world.follow();
    world.put('a');
    world.put('a', 1);
    world.put('b');
    world.remove('b');
    await world.clock.until(() => world.changes.length === 4);
    for (const { type, object } of world.fake.objects.history) world.fake.say(type, object);
    const [first] = world.fake.objects.history;
    world.fake.say('DELETED', first!.object);
    world.put('z');
    await world.clock.until(() => world.changes.length > 4);
    expect(world.changes.slice(4)).toEqual(['+shop/z']);
    expect(world.isLevel()).toBe(true);
  });

  it('tells of everything also when whoever is told fails', async () => {
    world.onChange = () => {
      throw new Error('no room');
    };
    world.put('a');
    world.put('b');
    await world.follow();
    world.put('c');
    await world.clock.until(() => world.errors.length === 3);
    expect(world.isLevel()).toBe(true);
    expect(world.watchesBegun).toBe(1);
  });

  it('lists again when the server does not know its state yet, as after a restore', async () => {
    world.put('a');
    await world.follow();
    let isRestored = false;
    world.fake.fault = ({ query }) => {
      if (!query.has('watch') || isRestored) return undefined;
      isRestored = true;
      return { kind: 'answer', status: 504, reason: 'Timeout' };
    };
    world.fake.objects.version = 10;
    world.put('b');
    world.fake.dropWatches();
    await world.clock.until(() => isRestored && world.fake.watches === 1);
    expect(world.isLevel()).toBe(true);
  });

  it('knows when the server last said something', async () => {
    await world.follow();
    await world.clock.pass(50_000);
    expect(world.clock.monotonicMs() - world.reflector.lastActivityMs).toBe(50_000);
    world.fake.bookmark();
    await world.clock.pass(1_000);
    expect(world.clock.monotonicMs() - world.reflector.lastActivityMs).toBe(1_000);
  });
});

describe('of one namespace', () => {
  it('leaves what stands in others alone', async () => {
    await using one = await World.open('shop');
    one.cache.set({ metadata: { namespace: 'other', name: 'x', resourceVersion: '1' } });
    one.put('a');
    await one.follow();
    expect([...one.cache.keys()]).toEqual(['other/x', 'shop/a']);
    expect(one.fake.asked[0]?.path).toBe('/apis/streamhouse.io/v1alpha1/namespaces/shop/things');
  });
});

const NAME = fc.constantFrom('a', 'b', 'c');
const FAULT: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.constantFrom<Fault>(
    { kind: 'drop' },
    { kind: 'truncate' },
    { kind: 'hang' },
    { kind: 'answer', status: 500 },
    { kind: 'answer', status: 410, reason: 'Expired' },
    { kind: 'answer', status: 429, retryAfter: 1 },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 200, text: '{"items":[]}' },
    { kind: 'answer', status: 200, text: '' },
  ),
);
const ACT = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), name: NAME }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name: NAME }) },
  fc.record({
    do: fc.constantFrom('drop', 'end', 'compact', 'bookmark', 'replay', 'repeat', 'late'),
  }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
);

describe('whatever fails', () => {
  it('the cache becomes what the server has, and everyone is told', async () => {
    const acts = fc.array(ACT, { maxLength: 25 });
    const faults = fc.array(FAULT, { maxLength: 15 });
    await fc.assert(fc.asyncProperty(acts, faults, converges), { numRuns: 60 });
  }, 120_000);
});

async function converges(
  acts: readonly (typeof ACT extends fc.Arbitrary<infer A> ? A : never)[],
  faults: readonly (Fault | undefined)[],
): Promise<void> {
  await using other = await World.open();
  const { fake, clock } = other;
  const left = [...faults];
  fake.fault = () => left.shift();
  other.put('first');
  other.run();
  for (const act of acts) {
    if ('name' in act && act.do === 'put') other.put(act.name);
    else if ('name' in act) other.remove(act.name);
    else if ('ms' in act) await clock.pass(act.ms);
    else await disturb(fake, act.do);
    // What was told at any time is what a complete list or an event said: never an invention.
    if (other.reflector.isSynced) expect(other.told.has('shop/first')).toBe(true);
    expect(other.told.get('shop/first')).toBe(other.reflector.isSynced ? '101' : undefined);
  }
  fake.sent = (entry) => [entry];
  fake.dropWatches();
  left.length = 0;
  await clock.until(() => other.isLevel() && fake.watches > 0);
}

async function disturb(fake: FakeKubeApi, what: string): Promise<void> {
  const { history } = fake.objects;
  switch (what) {
    case 'drop':
      return fake.dropWatches();
    case 'end':
      return fake.endWatches();
    case 'compact':
      return fake.objects.compact();
    case 'bookmark':
      return fake.bookmark();
    case 'repeat':
      fake.sent = (entry) => [entry, entry];
      return;
    case 'late':
      fake.sent = (entry) => [entry, ...history.slice(0, 3)];
      return;
    default:
      for (const { type, object } of history) fake.say(type, object);
  }
}
