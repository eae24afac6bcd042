import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from './kube-api.ts';
import { ResourceCache, trimMetadata } from './resource-cache.ts';

interface Thing extends KubeObject {
  readonly owners?: readonly string[];
}

function thing(key: string, version = '1', owners: readonly string[] = []): Thing {
  const [namespace, name] = key.split('/') as [string, string];
  return { metadata: { namespace, name, uid: `uid-${key}`, resourceVersion: version }, owners };
}

let cache: ResourceCache<Thing, 'owner'>;

beforeEach(() => {
  cache = new ResourceCache({ indexes: { owner: ({ owners = [] }) => owners } });
});

describe('ResourceCache', () => {
  it('finds objects by key and by every value of an index', () => {
    cache.set(thing('a/x', '1', ['p', 'q']));
    cache.set(thing('a/y', '1', ['p']));
    expect(cache.get('a/x')?.owners).toEqual(['p', 'q']);
    expect(cache.byIndex('owner', 'p').map(({ metadata }) => metadata.name)).toEqual(['x', 'y']);
    expect(cache.byIndex('owner', 'q').length).toBe(1);
    expect(cache.byIndex('owner', 'r')).toEqual([]);
  });

  it('finds no object under a value that it no longer has', () => {
    cache.set(thing('a/x', '1', ['p']));
    const change = cache.set(thing('a/x', '2', ['q']));
    expect(change.before?.owners).toEqual(['p']);
    expect(change.after?.owners).toEqual(['q']);
    expect(cache.byIndex('owner', 'p')).toEqual([]);
    cache.delete('a/x');
    expect(cache.byIndex('owner', 'q')).toEqual([]);
    expect(cache.size).toBe(0);
    expect(cache.delete('a/x')).toBeUndefined();
  });

  it('tells what a list changes: what came, what went, what is another version or another object', () => {
    const again = {
      ...thing('a/again'),
      metadata: { ...thing('a/again').metadata, uid: 'second' },
    };
    cache.replace([thing('a/same'), thing('a/newer'), thing('a/gone'), thing('a/again')]);
    const changes = cache.replace([thing('a/same'), thing('a/newer', '2'), thing('a/new'), again]);
    expect(
      changes.map(({ key, before, after }) => [key, before !== undefined, after !== undefined]),
    ).toEqual([
      ['a/newer', true, true],
      ['a/new', false, true],
      ['a/again', true, true],
      ['a/gone', true, false],
    ]);
    expect([...cache.keys()].toSorted()).toEqual(['a/again', 'a/new', 'a/newer', 'a/same']);
  });

  it('leaves other namespaces alone when the list is of one', () => {
    cache.replace([thing('a/x'), thing('ab/x'), thing('b/x')]);
    expect(cache.replace([], 'a').map(({ key }) => key)).toEqual(['a/x']);
    expect([...cache.values()].map(({ metadata }) => metadata.namespace)).toEqual(['ab', 'b']);
  });

  it('keeps no bookkeeping of those who apply', () => {
    const managedFields = [{ manager: 'kubectl' }];
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' };
    const { metadata } = thing('a/x');
    cache.set({ metadata: { ...metadata, managedFields, annotations } } as Thing);
    expect(cache.get('a/x')?.metadata).toEqual({ ...metadata, annotations: { kept: 'yes' } });
    const plain = thing('a/y');
    expect(trimMetadata(plain)).toEqual(plain);
  });

  it('keeps what its own trim leaves', () => {
    const names = new ResourceCache<Thing>({ trim: ({ metadata }) => ({ metadata }) });
    names.set(thing('a/x', '1', ['p']));
    expect(names.get('a/x')).toEqual({ metadata: thing('a/x').metadata });
  });
});
