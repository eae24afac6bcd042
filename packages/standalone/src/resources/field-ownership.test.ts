import { describe, expect, it } from 'vitest';
import { appliedBy, type FieldWriter, updatedBy } from './field-ownership.ts';
import type { JsonObject } from './json.ts';

function writer(
  manager: string,
  operation: 'Apply' | 'Update' = 'Apply',
  time = 't0',
): FieldWriter {
  return { manager, operation, time };
}

function object(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'streamhouse.io/v1alpha1',
    kind: 'Topic',
    metadata: { name: 'orders', uid: 'u', ...metadata },
    spec,
  };
}

/** Without what says who owns it. */
function plain(value: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = value['metadata'] as JsonObject;
  return { ...value, metadata };
}

function applied(
  by: FieldWriter,
  previous: JsonObject,
  spec: JsonObject,
  metadata: JsonObject = {},
): JsonObject {
  const result = appliedBy(by, previous, object(spec, metadata));
  expect(result.conflicts).toEqual([]);
  return result.object;
}

const NOTHING = object({});

describe('server-side apply', () => {
  it('removes what the manifest no longer names and leaves what others set', () => {
    const first = applied(writer('user'), NOTHING, {
      partitions: 3,
      config: { a: '1', b: '2' },
      retention: { time: '1h' },
    });
    const labelled = {
      ...first,
      metadata: { ...(first['metadata'] as JsonObject), labels: { x: 'y' } },
    };
    const others = updatedBy(writer('operator', 'Update'), first, labelled);
    const second = applied(writer('user'), others, { partitions: 4, config: { b: '2' } });
    expect(plain(second)).toEqual(
      object({ partitions: 4, config: { b: '2' } }, { labels: { x: 'y' } }),
    );
  });

  it('keeps a field that is named no longer when another manager applied it too', () => {
    const both = applied(writer('b'), applied(writer('a'), NOTHING, { x: 1 }), { x: 1 });
    const left = applied(writer('a'), both, { y: 1 });
    expect(plain(left)).toEqual(object({ x: 1, y: 1 }));
    expect(plain(applied(writer('b'), left, {}))).toEqual(object({ y: 1 }));
  });

  it('names the manager and the field of every conflict, and takes the field when the caller insists', () => {
    const first = applied(writer('a'), NOTHING, { x: 1, list: [1, 2], same: true });
    const { object: forced, conflicts } = appliedBy(
      writer('b'),
      first,
      object({ x: 2, list: [1], same: true }),
    );
    expect(conflicts).toEqual([
      { manager: 'a', field: '.spec.list' },
      { manager: 'a', field: '.spec.x' },
    ]);
    expect(appliedBy(writer('b'), forced, object({ x: 3, same: true })).conflicts).toEqual([]);
  });

  it('gives a field to whoever changed it by an update', () => {
    const first = applied(writer('user'), NOTHING, { replicas: 3 });
    const scaled = updatedBy(writer('autoscaler', 'Update'), first, {
      ...first,
      spec: { replicas: 5 },
    });
    const again = appliedBy(writer('user'), scaled, object({ replicas: 3 }));
    expect(again.conflicts).toEqual([{ manager: 'autoscaler', field: '.spec.replicas' }]);
    expect(appliedBy(writer('user'), scaled, object({ replicas: 5 })).conflicts).toEqual([]);
  });

  it('treats each finalizer as a field of its own', () => {
    const guarded = object({}, { finalizers: ['operator/guard'] });
    const first = updatedBy(writer('operator', 'Update'), undefined, guarded);
    const second = applied(writer('user'), first, {}, { finalizers: ['user/guard'] });
    expect(second['metadata']).toMatchObject({ finalizers: ['operator/guard', 'user/guard'] });
    const third = applied(writer('user'), second, {});
    expect(third['metadata']).toMatchObject({ finalizers: ['operator/guard'] });
  });

  it('changes nothing, times included, when the same manifest is applied again', () => {
    const spec = { partitions: 3, config: { a: '1' }, empty: {} };
    const first = applied(writer('user'), NOTHING, spec);
    expect(applied(writer('user', 'Apply', 't1'), first, spec)).toEqual(first);
  });

  it('does not empty a map that others filled, and replaces a value by a map', () => {
    const first = applied(writer('a'), NOTHING, { config: { x: '1' }, was: 1 });
    const second = appliedBy(writer('b'), first, object({ config: {}, was: { deep: 2 } })).object;
    expect(plain(second)).toEqual(object({ config: { x: '1' }, was: { deep: 2 } }));
    const third = appliedBy(writer('b'), second, object({ config: {}, was: [3] })).object;
    expect(plain(third)).toEqual(object({ config: { x: '1' }, was: [3] }));
  });

  it('leaves status and what the server assigns alone', () => {
    const first = { ...applied(writer('a'), NOTHING, { x: 1 }), status: { ready: true } };
    const second = applied(writer('a'), first, { x: 2 }, { uid: 'forged', resourceVersion: '9' });
    expect(second).toMatchObject({ status: { ready: true }, metadata: { uid: 'u' } });
    expect(second['metadata']).not.toHaveProperty('resourceVersion');
  });
});
