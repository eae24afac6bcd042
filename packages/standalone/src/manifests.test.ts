import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '@streamhouse/operator/kube/kube-api.ts';
import { applyChanged } from './manifest-ledger.ts';
import { readManifests, titleOf } from './manifests.ts';
import { ALWAYS, POOLS, testResources, TOPICS } from './resources/resources.test-support.ts';
import { SAMPLES } from './settings.ts';
import { temporaryFolder } from './testing/temporary-folder.test-support.ts';

const HEAD = 'apiVersion: streamhouse.io/v1alpha1\n';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let lines: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  lines = [];
});
afterEach(() => folder[Symbol.asyncDispose]());

function topicText(name: string, partitions: number): string {
  return `${HEAD}kind: Topic\nmetadata: { name: ${name} }\nspec: { partitions: ${partitions} }\n`;
}

async function manifestsOf(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  return await readManifests(folder.path);
}

test('reads the samples', async () => {
  expect((await readManifests(SAMPLES)).map(titleOf)).toEqual([
    'AgentPool default/default',
    'Topic default/orders',
  ]);
});

test('reads the documents and lists of .yaml, .yml and .json files, and no others', async () => {
  const list = JSON.stringify({
    kind: 'List',
    items: [
      {
        apiVersion: 'streamhouse.io/v1alpha1',
        kind: 'AgentPool',
        metadata: { name: 'night', namespace: 'shop' },
        spec: {},
      },
    ],
  });
  const manifests = await manifestsOf({
    'a.yaml': `${topicText('one', 1)}---\n---\n${topicText('two', 2)}`,
    'b.json': list,
    'c.yml': topicText('three', 3),
    'notes.txt': 'not: a resource',
  });
  expect(manifests.map(titleOf)).toEqual([
    'Topic default/one',
    'Topic default/two',
    'AgentPool shop/night',
    'Topic default/three',
  ]);
});

test('tells every fault with its file and document', async () => {
  const faulty = manifestsOf({
    'a.yaml': `${topicText('none', 0)}---\nkind: Pod\n`,
    'b.yaml': 'spec: [',
    'c.yaml': 'a: &a [1]\nb: [*a, *missing]\n',
  });
  const { message } = await faulty.then(
    () => new Error('nothing was wrong'),
    (error: Error) => error,
  );
  expect(message).toMatch(/^a\.yaml, document 1: spec\.partitions: /m);
  expect(message).toMatch(/^a\.yaml, document 2: is neither a Topic nor an AgentPool/m);
  expect(message).toMatch(/^b\.yaml, document 1: /m);
  expect(message).toMatch(/^c\.yaml, document 1: /m);
});

test('names the folder that is not there', async () => {
  await expect(readManifests(join(folder.path, 'absent'))).rejects.toThrow(/absent.*--manifests/);
});

test('applies a manifest once, and again only when it says something else', async () => {
  await using resources = await testResources();
  const { api } = resources;
  const ref = { namespace: 'default', name: 'orders' };
  const partitions = async (): Promise<number | undefined> =>
    (await api.get<KubeObject & { spec: { partitions: number } }>(TOPICS, ref, ALWAYS))?.spec
      .partitions;
  await mkdir(join(folder.path, 'home'));
  const file = join(folder.path, 'home', 'manifests.json');
  const start = async (text: string): Promise<void> => {
    const ledger = { kube: api, file, log: (line: string) => void lines.push(line) };
    await applyChanged(await manifestsOf({ 'topic.yaml': text }), ledger, ALWAYS);
  };
  await start(topicText('orders', 3));
  expect(await partitions()).toBe(3);
  await api.mergePatch(TOPICS, ref, { spec: { partitions: 5 } }, {}, ALWAYS);
  await start(`# The text may change where it means the same.\n${topicText('orders', 3)}`);
  expect(await partitions()).toBe(5);
  await start(topicText('orders', 6));
  expect(await partitions()).toBe(6);

  // Fewer than it has: told, and tried again the next time; nothing else is hindered.
  await start(`${topicText('orders', 2)}---\n${topicText('other', 1)}`);
  await start(`${topicText('orders', 2)}---\n${topicText('other', 1)}`);
  expect(await partitions()).toBe(6);
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'Topic default/orders is applied',
    'Topic default/orders is applied',
    'Topic default/orders is refused',
    'Topic default/other is applied',
    'Topic default/orders is refused',
  ]);

  await api.delete(TOPICS, ref, undefined, ALWAYS);
  await start(topicText('orders', 6));
  expect(await partitions()).toBeUndefined();
  expect((await api.list(POOLS, {}, ALWAYS)).items).toEqual([]);
});

test('names a ledger that is damaged', async () => {
  await using resources = await testResources();
  const file = join(folder.path, 'manifests.json');
  await writeFile(file, '{');
  const ledger = { kube: resources.api, file, log: () => undefined };
  await expect(applyChanged([], ledger, ALWAYS)).rejects.toThrow(`${file} is damaged`);
});
