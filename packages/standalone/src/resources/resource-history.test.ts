/** What holds for any sequence of writes by two writers who do not know of each other. */
import {
  KubeError,
  keyOf,
  type ListPage,
  type ResourceType,
} from '@streamhouse/operator/kube/kube-api.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiObject } from './api-object.ts';
import {
  ALWAYS,
  LEASES,
  manifest,
  type TestResources,
  TOPICS,
  testResources,
} from './resources.test-support.ts';

const STEP = fc.record({
  writer: fc.nat(1),
  name: fc.constantFrom('a', 'b'),
  kind: fc.constantFrom('create', 'read', 'update', 'update', 'patch', 'apply', 'delete', 'list'),
});
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** Two writers, what each has read, and what they were told is written. */
class Writers {
  readonly lists: ListPage<ApiObject>[] = [];
  readonly #resources: TestResources;
  readonly #type: ResourceType;
  readonly #read = new Map<string, ApiObject>();
  /** Marks that were acknowledged, by the identity of the object. */
  readonly #acknowledged = new Map<string, Set<string>>();
  #marks = 0;

  constructor(resources: TestResources, type: ResourceType) {
    this.#resources = resources;
    this.#type = type;
  }

  /** A refusal is an answer; what was refused must not be there. */
  async take(step: Step): Promise<void> {
    try {
      await this.#run(step);
    } catch (error) {
      if (!(error instanceof KubeError && [404, 409].includes(error.status))) throw error;
    }
  }

  /** Every mark that was acknowledged is on the object, and no other one. */
  async check(): Promise<void> {
    for (const { metadata } of (await this.list()).items) {
      const marks = Object.keys(metadata.annotations ?? {});
      expect(marks.toSorted()).toEqual([...this.#marksOf(metadata.uid)].toSorted());
    }
  }

  list(): Promise<ListPage<ApiObject>> {
    return this.#resources.api.list(this.#type, {}, ALWAYS);
  }

  async #run({ writer, name, kind }: Step): Promise<void> {
    const { api } = this.#resources;
    const ref = { namespace: 'shop', name };
    const memory = `${writer}/${name}`;
    const mark = `mark-${this.#marks++}`;
    const annotations = { [mark]: '' };
    switch (kind) {
      case 'list':
        this.lists.push(await this.list());
        return;
      case 'read': {
        const object = await api.get<ApiObject>(this.#type, ref, ALWAYS);
        if (object !== undefined) this.#read.set(memory, object);
        return;
      }
      case 'create': {
        const object = manifest(this.#type, name, {}, { annotations });
        return this.#acknowledge(mark, await api.create(this.#type, object, ALWAYS));
      }
      case 'update': {
        const before = this.#read.get(memory);
        if (before === undefined) return;
        const metadata = {
          ...before.metadata,
          annotations: { ...before.metadata.annotations, ...annotations },
        };
        const after = { ...before, metadata };
        return this.#acknowledge(mark, await api.update(this.#type, after, {}, ALWAYS));
      }
      case 'patch': {
        const patch = { metadata: { annotations } };
        const after = await api.mergePatch<ApiObject>(this.#type, ref, patch, {}, ALWAYS);
        return this.#acknowledge(mark, after);
      }
      case 'apply': {
        // A manager of its own for each, as the next apply of the same one would take the mark back.
        const object = manifest(this.#type, name, {}, { annotations });
        const options = { fieldManager: mark, force: false };
        return this.#acknowledge(mark, await api.apply(this.#type, object, options, ALWAYS));
      }
      case 'delete':
        return await api.delete(this.#type, ref, undefined, ALWAYS);
    }
  }

  #acknowledge(mark: string, { metadata }: ApiObject): void {
    this.#marksOf(metadata.uid).add(mark);
  }

  #marksOf(uid: string): Set<string> {
    const marks = this.#acknowledged.get(uid) ?? new Set<string>();
    this.#acknowledged.set(uid, marks);
    return marks;
  }
}

function byKey(page: ListPage<ApiObject>): Map<string, ApiObject> {
  return new Map(page.items.map((item) => [keyOf(item.metadata), item]));
}

/** The list with all that a watch tells after it, and what is wrong with the telling. */
async function replayed(
  resources: TestResources,
  type: ResourceType,
  { items, resourceVersion }: ListPage<ApiObject>,
): Promise<Map<string, ApiObject>> {
  const objects = byKey({ items, resourceVersion });
  let version = Number(resourceVersion);
  const query = { resourceVersion, timeoutSeconds: 1 };
  const events = resources.api.watch<ApiObject>(type, query, ALWAYS);
  const end = (await resources.api.list(type, {}, ALWAYS)).resourceVersion;
  while (version < Number(end)) {
    const { value, done } = await events.next();
    if (done === true || value.type === 'BOOKMARK') break;
    const key = keyOf(value.object.metadata);
    expect(value.type === 'ADDED').toBe(!objects.has(key));
    expect(Number(value.object.metadata.resourceVersion)).toBeGreaterThan(version);
    version = Number(value.object.metadata.resourceVersion);
    if (value.type === 'DELETED') objects.delete(key);
    else objects.set(key, value.object);
  }
  await events.return(undefined);
  return objects;
}

describe.each([
  ['in memory', LEASES, 25, 150],
  ['in the home', TOPICS, 8, 8],
] as const)('any writes of two writers, %s', (_, type, maxLength, numRuns) => {
  it('are all there or refused, and a watch from any version tells exactly the difference', {
    timeout: 60_000,
  }, async () => {
    const rounds = fc.array(fc.array(STEP, { minLength: 1, maxLength: 4 }), { maxLength });
    await fc.assert(
      fc.asyncProperty(rounds, async (steps) => {
        await using resources = await testResources();
        const writers = new Writers(resources, type);
        writers.lists.push(await writers.list());
        for (const round of steps) {
          await Promise.all(round.map((step) => writers.take(step)));
          await writers.check();
        }
        const last = byKey(await writers.list());
        for (const list of writers.lists)
          expect(await replayed(resources, type, list)).toEqual(last);
      }),
      { numRuns },
    );
  });
});
