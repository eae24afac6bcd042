import { describe, expect, it } from 'vitest';
import type { ApiObject } from './api-object.ts';
import type { JsonObject } from './json.ts';
import {
  ALWAYS,
  EVENTS,
  LEASES,
  manifest,
  refusal,
  TOPICS,
  testResources,
  topic,
} from './resources.test-support.ts';

const ORDERS = { namespace: 'shop', name: 'orders' };

describe('create', () => {
  it('assigns what only the server assigns, and fills in the defaults', async () => {
    await using resources = await testResources();
    resources.clock.advance(1_234);
    const made = await resources.api.create(
      TOPICS,
      { ...topic('orders', { partitions: 3 }), status: { topicId: 'forged' } },
      ALWAYS,
    );
    expect(made).toMatchObject({
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: {
        ...ORDERS,
        generation: 1,
        resourceVersion: '2',
        creationTimestamp: '2026-01-01T00:00:01Z',
      },
      spec: { partitions: 3, durability: 'object', deletionPolicy: 'Retain' },
    });
    expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(made).not.toHaveProperty('status');
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toEqual(made);
  });

  it('takes objects that leave to the caller of the port what type they are', async () => {
    await using resources = await testResources();
    const lease = {
      metadata: { namespace: 'shop', name: 'leader' },
      spec: { holderIdentity: 'a' },
    };
    const made = await resources.api.create(LEASES, lease, ALWAYS);
    expect(made).toMatchObject({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' });
  });

  it('refuses a name that is taken, and gives another life of a name another identity', async () => {
    await using resources = await testResources();
    const first = await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    expect(await refusal(resources.api.create(TOPICS, topic('orders'), ALWAYS))).toMatchObject({
      kind: 'alreadyExists',
      status: 409,
      reason: 'ALREADY_EXISTS',
      message: 'topics.streamhouse.io "orders" already exists',
    });
    await resources.api.delete(TOPICS, ORDERS, undefined, ALWAYS);
    const second = await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(Number(second.metadata.resourceVersion)).toBe(4);
  });

  it('says of every field what is wrong with it', async () => {
    await using resources = await testResources();
    const bad = topic('orders', { partitions: 0, durability: 'disk', nope: 1 });
    const error = await refusal(resources.api.create(TOPICS, bad, ALWAYS));
    expect(error).toMatchObject({ kind: 'invalid', status: 422, reason: 'INVALID' });
    expect(error.message).toMatch(/^Topic\.streamhouse\.io "orders" is invalid: \[spec\./);
    expect(error.causes.map((cause) => cause.field).toSorted()).toEqual([
      'spec.durability',
      'spec.nope',
      'spec.partitions',
    ]);
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
  });

  it.each([
    [{ name: 'Orders' }, 'metadata.name'],
    [{ name: '../x' }, 'metadata.name'],
    [{ name: 'x'.repeat(254) }, 'metadata.name'],
    [{ namespace: 'a.b' }, 'metadata.namespace'],
    [{ namespace: '..' }, 'metadata.namespace'],
    [{ labels: { 'a b': 'c' } }, 'metadata.labels'],
    [{ labels: { a: 'not allowed' } }, 'metadata.labels'],
    [{ labels: { a: 1 } }, 'metadata.labels'],
    [{ annotations: { a: 'x'.repeat(262_144) } }, 'metadata.annotations'],
    [{ finalizers: ['guard'] }, 'metadata.finalizers'],
  ])('refuses the metadata %j', async (metadata, field) => {
    await using resources = await testResources();
    const error = await refusal(
      resources.api.create(TOPICS, topic('orders', {}, metadata), ALWAYS),
    );
    expect(error.causes.map((cause) => cause.field)).toEqual([field]);
  });

  it('refuses what is not of the kind, what has a version and what is too large', async () => {
    await using resources = await testResources();
    const create = (object: JsonObject): Promise<unknown> =>
      resources.api.create(TOPICS, object as unknown as ApiObject, ALWAYS);
    for (const object of [
      { ...topic('orders'), kind: 'AgentPool' },
      { ...topic('orders'), apiVersion: 'streamhouse.io/v1' },
      topic('orders', {}, { resourceVersion: '7' }),
      topic('', {}),
      topic('orders', {}, { namespace: undefined }),
    ]) {
      expect(await refusal(create(object))).toMatchObject({ status: 400, reason: 'BAD_REQUEST' });
    }
    const large = topic('orders', { config: { a: 'x'.repeat(1_048_576) } });
    expect(await refusal(create(large))).toMatchObject({ status: 413 });
    const unknown = { ...TOPICS, plural: 'groups' };
    expect(await refusal(resources.api.create(unknown, topic('orders'), ALWAYS))).toMatchObject({
      status: 404,
    });
    expect(await refusal(resources.api.delete(unknown, ORDERS, undefined, ALWAYS))).toMatchObject({
      status: 404,
    });
  });

  it('makes up a name where one is asked for', async () => {
    await using resources = await testResources();
    const event = manifest(EVENTS, '', {}, { name: undefined, generateName: 'orders.' });
    const made = await resources.api.create(EVENTS, event, ALWAYS);
    expect(made.metadata.name).toMatch(/^orders\.[a-z2-9]{5}$/);
  });

  it('gives out objects that nobody can change behind its back', async () => {
    await using resources = await testResources();
    const body = topic('orders', { partitions: 3 });
    const made = await resources.api.create(TOPICS, body, ALWAYS);
    (body['spec'] as { partitions: number }).partitions = 9;
    expect(() => {
      (made['spec'] as { partitions: number }).partitions = 9;
    }).toThrow(TypeError);
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toMatchObject({
      spec: { partitions: 3 },
    });
  });
});

describe('update', () => {
  it('refuses the writer who read before another one wrote', async () => {
    await using resources = await testResources();
    const read = await resources.api.create(TOPICS, topic('orders', { partitions: 1 }), ALWAYS);
    const change = (partitions: number): ApiObject => ({ ...read, spec: { partitions } });
    await resources.api.update(TOPICS, change(2), {}, ALWAYS);
    expect(await refusal(resources.api.update(TOPICS, change(3), {}, ALWAYS))).toMatchObject({
      kind: 'conflict',
      status: 409,
      reason: 'CONFLICT',
      message:
        'Operation cannot be fulfilled on topics.streamhouse.io "orders": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toMatchObject({
      spec: { partitions: 2 },
    });
  });

  it('demands a version and the identity that the object has', async () => {
    await using resources = await testResources();
    const read = await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const without = { ...read, metadata: { ...read.metadata, resourceVersion: '' } };
    expect(await refusal(resources.api.update(TOPICS, without, {}, ALWAYS))).toMatchObject({
      status: 422,
      causes: [{ field: 'metadata.resourceVersion' }],
    });
    const other = { ...read, metadata: { ...read.metadata, uid: 'another' } };
    expect(await refusal(resources.api.update(TOPICS, other, {}, ALWAYS))).toMatchObject({
      status: 409,
    });
    const absent = { ...read, metadata: { ...read.metadata, name: 'absent' } };
    expect(await refusal(resources.api.update(TOPICS, absent, {}, ALWAYS))).toMatchObject({
      status: 404,
      message: 'topics.streamhouse.io "absent" not found',
    });
  });

  it('raises the generation when the spec changes, and the version when anything does', async () => {
    await using resources = await testResources();
    const { api } = resources;
    const made = await api.create(TOPICS, topic('orders', { partitions: 1 }), ALWAYS);
    const labelled = await api.update(
      TOPICS,
      { ...made, metadata: { ...made.metadata, labels: { a: 'b' } } },
      {},
      ALWAYS,
    );
    expect(labelled.metadata).toMatchObject({ generation: 1, resourceVersion: '3' });
    const status = { conditions: [] };
    const told = await api.update(
      TOPICS,
      { ...labelled, status },
      { subresource: 'status' },
      ALWAYS,
    );
    expect(told.metadata).toMatchObject({ generation: 1, resourceVersion: '4' });
    const grown = await api.update(TOPICS, { ...told, spec: { partitions: 2 } }, {}, ALWAYS);
    expect(grown.metadata).toMatchObject({ generation: 2, resourceVersion: '5' });
    expect(await api.update(TOPICS, grown, {}, ALWAYS)).toEqual(grown);
    expect((await api.list(TOPICS, {}, ALWAYS)).resourceVersion).toBe('5');
  });

  it('asks the rules that compare with what was there', async () => {
    await using resources = await testResources();
    const made = await resources.api.create(TOPICS, topic('orders', { partitions: 3 }), ALWAYS);
    const shrunk = { ...made, spec: { partitions: 2 } };
    const error = await refusal(resources.api.update(TOPICS, shrunk, {}, ALWAYS));
    expect(error.causes).toMatchObject([{ field: 'spec.partitions' }]);
    expect(error.message).toContain('can only grow');
  });

  it('cannot change what only the server assigns', async () => {
    await using resources = await testResources();
    const made = await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    const forged = {
      ...made.metadata,
      creationTimestamp: '1999-01-01T00:00:00Z',
      deletionTimestamp: '1999-01-01T00:00:00Z',
      generation: 9,
    };
    const updated = await resources.api.update(TOPICS, { ...made, metadata: forged }, {}, ALWAYS);
    expect(updated).toEqual(made);
  });
});
