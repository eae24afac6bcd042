/** The TypeScript of guides, READMEs and the SDK's reference does what it shows: it compiles, and runs against a cluster. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAdmin, connectProducer } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { clientSurface } from '../../hack/client/surface.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type ClientProject, linkedProject } from '../harness/client-project.ts';
import {
  type CodeBlock,
  codeBlocks,
  createdTopics,
  exampleProgram,
  isEndless,
} from '../harness/code-blocks.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ROOT = join(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'packages/client/README.md',
  'docs/guide/*.md',
  'docs/reference/client.md',
];
const DOCUMENTS = globSync(PAGES, { cwd: ROOT })
  .toSorted()
  .map((page) => ({ page, blocks: codeBlocks(readFileSync(join(ROOT, page), 'utf8')) }))
  .filter(({ blocks }) => blocks.length > 0);
/** The topic that documents write to and read. Somebody else does so all the time. */
const TOPIC = 'orders';
const TRAFFIC_EVERY_MS = 100;

let cluster: Cluster;
let project: ClientProject;
const parts = new AsyncDisposableStack();

beforeAll(async () => {
  project = parts.use(await linkedProject(['pg', '@types/pg']));
  cluster = parts.use(await startCluster({ agents: 1, objects: 'directory' }));
  const names = clientSurface(ROOT).map(({ name }) => name);
  for (const { page, blocks } of DOCUMENTS) {
    for (const block of blocks) {
      const program = exampleProgram(block, names, {
        'localhost:9090': cluster.bootstrap.join(),
        'postgresql://localhost/shop': cluster.postgres.url,
      });
      await project.write(fileOf(page, block), program);
    }
  }
  const traffic = new AbortController();
  const isOver = startTraffic(traffic.signal);
  parts.defer(async () => {
    traffic.abort();
    await isOver;
  });
});
afterAll(() => parts.disposeAsync());

function fileOf(page: string, { line }: CodeBlock): string {
  return `${page.replaceAll(/[/.]/g, '-')}-${line}.mts`;
}

async function startTraffic(signal: AbortSignal): Promise<void> {
  await using admin = await connectAdmin({ bootstrap: cluster.bootstrap });
  await admin.createTopic({ name: TOPIC, partitions: 4 });
  await using producer = await connectProducer({ bootstrap: cluster.bootstrap });
  while (!signal.aborted) {
    const records = Array.from({ length: 8 }, (_, index) => ({
      key: `user-${index}`,
      value: JSON.stringify({ id: index, total: index }),
    }));
    // The topic is gone for a moment while a document shows how one is made.
    await producer.sendBatch(TOPIC, records).catch(() => undefined);
    await sleep(TRAFFIC_EVERY_MS);
  }
}

test('every block compiles', async () => {
  const files = DOCUMENTS.flatMap(({ page, blocks }) => blocks.map((block) => fileOf(page, block)));
  const options = { strict: true, noEmit: true, target: 'esnext', types: ['node'] };
  expect(await project.tsc({ ...options, module: 'nodenext' }, files)).toEqual({
    exitCode: 0,
    output: '',
  });
});

describe.each(DOCUMENTS)('$page', ({ page, blocks }) => {
  test.each(blocks)('runs, line $line', async (block) => {
    await using admin = await connectAdmin({ bootstrap: cluster.bootstrap });
    const there = (await admin.listTopics()).map(({ name }) => name);
    for (const topic of createdTopics(block))
      if (there.includes(topic)) await admin.deleteTopic(topic);
    const file = fileOf(page, block);
    const end = isEndless(block)
      ? await project.nodeUntilStopped(file)
      : await project.node(file, AbortSignal.timeout(60_000));
    expect(end.exitCode === 0 ? 'ends well' : end.output).toBe('ends well');
  });
});
