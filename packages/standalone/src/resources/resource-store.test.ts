import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.test-support.ts';
import type { ApiObject } from './api-object.ts';
import {
  ALWAYS,
  brief,
  EVENTS,
  LEASES,
  manifest,
  TOPICS,
  testResources,
  topic,
} from './resources.test-support.ts';

const ORDERS = { namespace: 'shop', name: 'orders' };
const FILE = join('resources', 'topics', 'shop', 'orders.json');

describe('what the home keeps', () => {
  it('is there after a restart, with identities, generations and status', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const long = 'x'.repeat(253);
    const kept: ApiObject[] = [];
    {
      await using resources = await testResources({ home });
      const { api } = resources;
      await api.create(TOPICS, topic('orders', { partitions: 2 }), ALWAYS);
      await api.mergePatch(TOPICS, ORDERS, { spec: { partitions: 3 } }, {}, ALWAYS);
      const status = { status: { partitions: 3 } };
      await api.mergePatch(TOPICS, ORDERS, status, { subresource: 'status' }, ALWAYS);
      await api.create(TOPICS, topic(long), ALWAYS);
      await api.create(TOPICS, topic(`${long.slice(0, -1)}y`), ALWAYS);
      await api.create(TOPICS, topic('gone'), ALWAYS);
      await api.delete(TOPICS, { ...ORDERS, name: 'gone' }, undefined, ALWAYS);
      await api.create(LEASES, manifest(LEASES, 'leader'), ALWAYS);
      await api.create(EVENTS, manifest(EVENTS, 'event'), ALWAYS);
      kept.push(...(await api.list<ApiObject>(TOPICS, {}, ALWAYS)).items);
      expect(kept).toHaveLength(3);
    }
    await using resources = await testResources({ home });
    const { items } = await resources.api.list(TOPICS, {}, ALWAYS);
    expect(items).toEqual(kept);
    expect((await resources.api.list(LEASES, {}, ALWAYS)).items).toEqual([]);
    expect((await resources.api.list(EVENTS, {}, ALWAYS)).items).toEqual([]);
  });

  it('gives no version twice over restarts, and knows that it forgot what happened', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    let last = 0;
    for (let life = 0; life < 3; life++) {
      await using resources = await testResources({ home });
      const { api } = resources;
      if (last > 0) {
        const events = api.watch(
          TOPICS,
          { resourceVersion: String(last), timeoutSeconds: 1 },
          ALWAYS,
        );
        await expect(events.next()).rejects.toMatchObject({ status: 410 });
      }
      const listed = await api.list(TOPICS, {}, ALWAYS);
      expect(Number(listed.resourceVersion)).toBeGreaterThanOrEqual(last);
      const lease = await api.create(LEASES, manifest(LEASES, 'leader'), ALWAYS);
      const version = Number(lease.metadata.resourceVersion);
      expect(version).toBeGreaterThan(last);
      last = version;
      const next = api.watch(
        TOPICS,
        { resourceVersion: listed.resourceVersion, timeoutSeconds: 1 },
        ALWAYS,
      );
      await api.create(TOPICS, topic(`t${life}`), ALWAYS);
      expect(brief((await next.next()).value!)).toBe(`ADDED t${life}@${last + 1}`);
    }
  });

  it('does not count a file that was never finished', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    {
      await using resources = await testResources({ home });
      await resources.api.create(TOPICS, topic('orders'), ALWAYS);
    }
    const text = await readFile(join(home, FILE), 'utf8');
    const drafts = join(home, 'resources', 'drafts');
    await writeFile(join(drafts, '0'), text.slice(0, text.length / 2));
    await using resources = await testResources({ home });
    expect((await resources.api.list(TOPICS, {}, ALWAYS)).items).toHaveLength(1);
    expect(await readdir(drafts)).toEqual([]);
    await resources.api.create(TOPICS, topic('other'), ALWAYS);
  });

  it.each([
    ['', /orders\.json is damaged/],
    ['{"metadata":', /orders\.json is damaged/],
    ['{}', /orders\.json is damaged/],
  ])('does not take a damaged file, %j, for a resource that was deleted', async (text, message) => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    await mkdir(join(home, 'resources', 'topics', 'shop'), { recursive: true });
    await writeFile(join(home, FILE), text);
    await expect(testResources({ home })).rejects.toMatchObject({
      kind: 'corrupt',
      reason: 'RESOURCE_FILE',
      message: expect.stringMatching(message),
    });
  });

  it('shows nobody a write that the disk did not take', async () => {
    await using resources = await testResources();
    const { api, home } = resources;
    await api.create(TOPICS, topic('orders', { partitions: 1 }), ALWAYS);
    const events = api.watch<ApiObject>(
      TOPICS,
      { resourceVersion: '2', timeoutSeconds: 600 },
      ALWAYS,
    );
    const drafts = join(home, 'resources', 'drafts');
    await rm(drafts, { recursive: true });
    const grow = (partitions: number): Promise<ApiObject> =>
      api.mergePatch(TOPICS, ORDERS, { spec: { partitions } }, {}, ALWAYS);
    await expect(grow(2)).rejects.toMatchObject({ kind: 'indefinite', status: 500 });
    expect(await api.get(TOPICS, ORDERS, ALWAYS)).toMatchObject({ spec: { partitions: 1 } });
    await mkdir(drafts);
    await chmod(drafts, 0o700);
    const grown = await grow(3);
    const { value } = await events.next();
    expect(value).toMatchObject({ type: 'MODIFIED', object: { spec: { partitions: 3 } } });
    // The version of the write that failed may be on the disk: it is not given again.
    expect(grown.metadata.resourceVersion).toBe('4');
  });

  it('finishes what was asked for when it is disposed of, and takes no more', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const resources = await testResources({ home });
    const made = resources.api.create(TOPICS, topic('orders'), ALWAYS);
    await resources[Symbol.asyncDispose]();
    await made;
    await expect(resources.api.create(TOPICS, topic('late'), ALWAYS)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    await using again = await testResources({ home });
    expect((await again.api.list(TOPICS, {}, ALWAYS)).items).toHaveLength(1);
  });

  it('does nothing for a caller who has gone', async () => {
    await using resources = await testResources();
    const gone = new AbortController();
    const made = resources.api.create(TOPICS, topic('orders'), gone.signal);
    gone.abort(new Error('gone'));
    await expect(made).rejects.toThrow('gone');
    expect(await resources.api.get(TOPICS, ORDERS, ALWAYS)).toBeUndefined();
  });

  it('has everything that was answered after a kill -9', { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const program = fileURLToPath(new URL('write-resources.test-support.ts', import.meta.url));
    for (let life = 0; life < 3; life++) {
      const writer = spawn(process.execPath, [program, home, String(life)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const answered = new Map<string, string>();
      const lines = createInterface({ input: writer.stdout });
      for await (const line of lines) {
        const [name = '', version = ''] = line.split(' ');
        answered.set(name, version);
        if (answered.size === 20 + 7 * life) writer.kill('SIGKILL');
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
      expect(writer.signalCode).toBe('SIGKILL');
      await using resources = await testResources({ home });
      for (const [name, version] of answered) {
        const object = await resources.api.get<ApiObject>(TOPICS, { ...ORDERS, name }, ALWAYS);
        if (version === 'deleted') expect(object).toBeUndefined();
        else
          expect(Number(object?.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(version));
      }
    }
  });
});
