import type { KubeObject, ListPage, ListQuery } from '@streamhouse/operator/kube/kube-api.ts';
import { describe, expect, it } from 'vitest';
import {
  ALWAYS,
  type TestResources,
  TOPICS,
  testResources,
  topic,
} from './resources.test-support.ts';

async function filled(names: readonly string[], historyChangesMax = 100): Promise<TestResources> {
  const resources = await testResources({ historyChangesMax });
  for (const name of names) await resources.api.create(TOPICS, topic(name), ALWAYS);
  return resources;
}

function list(resources: TestResources, query: ListQuery): Promise<ListPage<KubeObject>> {
  return resources.api.list(TOPICS, query, ALWAYS);
}

function names(page: ListPage<KubeObject>): string[] {
  return page.items.map((item) => item.metadata.name);
}

describe('list', () => {
  it('has the objects of a namespace, or of all, in the order of their names', async () => {
    await using resources = await filled(['b', 'c', 'a']);
    await resources.api.create(TOPICS, topic('z', {}, { namespace: 'depot' }), ALWAYS);
    expect(names(await list(resources, {}))).toEqual(['z', 'a', 'b', 'c']);
    const page = await list(resources, { namespace: 'shop' });
    expect(names(page)).toEqual(['a', 'b', 'c']);
    expect(page).toMatchObject({ resourceVersion: '5' });
    expect(page).not.toHaveProperty('continueToken');
  });

  it('selects by labels, and refuses a selector that it does not know', async () => {
    await using resources = await filled(['a']);
    await resources.api.create(TOPICS, topic('b', {}, { labels: { tier: 'gold' } }), ALWAYS);
    expect(names(await list(resources, { labelSelector: 'tier=gold' }))).toEqual(['b']);
    expect(names(await list(resources, { labelSelector: 'tier!=gold' }))).toEqual(['a']);
    await expect(list(resources, { labelSelector: 'tier in (gold)' })).rejects.toMatchObject({
      status: 400,
    });
  });

  it('shows in all pages the state of the first', async () => {
    await using resources = await filled(['a', 'b', 'c', 'd', 'e']);
    const first = await list(resources, { limit: 2 });
    expect(names(first)).toEqual(['a', 'b']);
    const ref = (name: string): { namespace: string; name: string } => ({
      namespace: 'shop',
      name,
    });
    await resources.api.create(TOPICS, topic('bb'), ALWAYS);
    await resources.api.delete(TOPICS, ref('c'), undefined, ALWAYS);
    await resources.api.mergePatch(TOPICS, ref('d'), { spec: { paused: true } }, {}, ALWAYS);
    await resources.api.delete(TOPICS, ref('d'), undefined, ALWAYS);
    const second = await list(resources, { limit: 2, continueToken: first.continueToken! });
    expect(names(second)).toEqual(['c', 'd']);
    expect(second.items[1]).toMatchObject({ spec: { paused: false } });
    const third = await list(resources, { limit: 2, continueToken: second.continueToken! });
    expect(names(third)).toEqual(['e']);
    expect(third).not.toHaveProperty('continueToken');
    for (const page of [first, second, third]) expect(page.resourceVersion).toBe('6');
    expect(names(await list(resources, {}))).toEqual(['a', 'b', 'bb', 'e']);
  });

  it('tells whoever pages too slowly to begin again', async () => {
    await using resources = await filled(['a', 'b', 'c'], 4);
    const first = await list(resources, { limit: 2 });
    for (const name of ['d', 'e', 'f', 'g', 'h'])
      await resources.api.create(TOPICS, topic(name), ALWAYS);
    const next = list(resources, { limit: 2, continueToken: first.continueToken! });
    await expect(next).rejects.toMatchObject({
      status: 410,
      reason: 'EXPIRED',
    });
  });

  it.each(['', 'nonsense', Buffer.from('{"version":1}').toString('base64url')])(
    'refuses the token %j',
    async (continueToken) => {
      await using resources = await filled(['a']);
      await expect(list(resources, { continueToken })).rejects.toMatchObject({ status: 400 });
    },
  );
});
