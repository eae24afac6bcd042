import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliContext } from '../context.ts';
import { CommandError } from '../exit-code.ts';
import { Sink } from '../output/sink.ts';
import { type Manifest, readManifests } from './manifests.ts';

const TOPIC = 'apiVersion: streamhouse.io/v1alpha1\nkind: Topic\n';
const POOL = 'apiVersion: streamhouse.io/v1alpha1\nkind: AgentPool\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamhouse-manifests-'));
});
afterAll(() => rm(folder, { recursive: true }));

function context(stdin = ''): CliContext {
  return {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: new Sink(new PassThrough()),
    stderr: new Sink(new PassThrough()),
    progressStream: undefined,
    bootstrap: undefined,
    server: undefined,
    clock: systemClock,
    interrupted: new AbortController().signal,
  };
}

function read(text: string, namespace?: string): Promise<Manifest[]> {
  return readManifests(['-'], namespace, context(text));
}

async function fault(text: string, namespace?: string): Promise<string> {
  const error: unknown = await read(text, namespace).catch((reason: unknown) => reason);
  if (!(error instanceof CommandError)) throw new Error('it was not refused', { cause: error });
  return error.message;
}

describe('readManifests', () => {
  it('reads every document, those of a List one by one, and leaves empty ones out', async () => {
    const manifests = await read(
      `---\n${TOPIC}metadata: { name: a }\nspec: {}\n---\n# nothing\n---\n${POOL}metadata: { name: b, namespace: shop }\nspec: {}\n---
apiVersion: v1
kind: List
items:
  - { apiVersion: streamhouse.io/v1alpha1, kind: Topic, metadata: { name: c }, spec: {} }
`,
    );
    expect(manifests.map(({ kind, name, namespace }) => [kind.plural, namespace, name])).toEqual([
      ['topics', 'default', 'a'],
      ['agentpools', 'shop', 'b'],
      ['topics', 'default', 'c'],
    ]);
  });

  it('sends what the user means, and not what a server said about it', async () => {
    const [manifest] = await read(
      `${TOPIC}metadata: { name: a, uid: x, resourceVersion: "7", managedFields: [], labels: { b: c } }
spec: { partitions: 3 }
status: { topicId: y }
`,
      'shop',
    );
    expect(manifest?.body).toEqual({
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: { name: 'a', namespace: 'shop', labels: { b: 'c' } },
      spec: { partitions: 3 },
    });
  });

  it('reads the files of a folder in the order of their names, JSON as well', async () => {
    await writeFile(join(folder, 'b.yaml'), `${TOPIC}metadata: { name: b }\nspec: {}\n`);
    const json = {
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: { name: 'a' },
      spec: {},
    };
    await writeFile(join(folder, 'a.json'), JSON.stringify(json));
    await writeFile(join(folder, 'README.md'), 'not a manifest');
    const manifests = await readManifests([folder], undefined, context());
    expect(manifests.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('names every fault of every document, with its place', async () => {
    const message = await fault(
      `${TOPIC}metadata: { name: a }\nspec: { partitions: 0, nope: 1 }\n---\nkind: Pod\napiVersion: v1\n---\n- 1\n---\na: [\n---\na: 1\na: 2\n`,
    );
    expect(message.split(' | ')).toEqual([
      expect.stringMatching(/^standard input, document \d \(topic\.streamhouse\.io\/a\): spec\./),
      expect.stringMatching(/^standard input, document 1 \(topic\.streamhouse\.io\/a\): spec\./),
      expect.stringContaining('document 2: kind Pod of apiVersion v1 is not known here'),
      'standard input, document 3: is not a resource',
      expect.stringContaining('document 4: Flow sequence'),
      expect.stringMatching(/document 5: Map keys must be unique.*; nothing was sent/),
    ]);
  });

  it.each([
    [`${TOPIC}metadata: {}\n`, /metadata\.name/],
    [`${TOPIC}metadata: { name: A }\n`, /metadata\.name/],
    [`${TOPIC}metadata: { name: [a] }\n`, /metadata\.name/],
    [
      `${TOPIC}metadata: { name: a, namespace: depot }\n`,
      /namespace depot is not that of --namespace, shop/,
    ],
    ['apiVersion: streamhouse.io/v1\nkind: Topic\nmetadata: { name: a }\n', /is not known here/],
    ['', /has no resource/],
    ['# nothing\n', /has no resource/],
    [
      `a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n`,
      /alias/,
    ],
  ])('refuses %j', async (text, message) => {
    expect(await fault(text, 'shop')).toMatch(message);
  });

  it('says which file it cannot read', async () => {
    const missing = readManifests([join(folder, 'missing.yaml')], undefined, context());
    await expect(missing).rejects.toThrow(
      /cannot read the manifests: .*missing\.yaml.*; check the path/,
    );
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0xff]));
    const file = join(folder, 'latin1.yaml');
    await expect(readManifests([file], undefined, context())).rejects.toThrow(/cannot read/);
  });
});
