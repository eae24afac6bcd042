import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { describe, expect, it } from 'vitest';
import { type ConformanceSubject, objectStoreConformance } from './conformance.test-support.ts';
import { openDirectoryStore } from './directory.ts';
import type { ObjectStore } from './port.ts';

const signal = new AbortController().signal;
const WHOLE = { position: 0, length: LIMITS.objectBytesMax };

objectStoreConformance('directory', async (): Promise<ConformanceSubject> => {
  const root = await temporaryRoot();
  return {
    open: () => openDirectoryStore({ root: join(root.path, 'store') }),
    async openMissing() {
      const path = join(root.path, 'missing');
      const store = await openDirectoryStore({ root: path });
      await rm(path, { recursive: true });
      return store;
    },
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
});

describe('directory store', () => {
  it('lists a directory of more than two pages while its objects are deleted', async () => {
    await using root = await temporaryRoot();
    await using store = await openDirectoryStore({ root: root.path });
    const count = 2 * LIMITS.objectListPageKeysMax + 500;
    const names = Array.from({ length: count }, (_, index) => `n${String(index).padStart(5, '0')}`);
    await mkdir(join(root.path, 'big'));
    for (const name of names) await writeFile(join(root.path, 'big', name), '');
    const seen: string[] = [];
    for await (const { key } of store.list('big/', { signal })) {
      seen.push(key);
      await store.delete(key, { signal });
    }
    expect(seen).toEqual(names.map((name) => `big/${name}`));
  }, 30_000);

  it('keeps its temporary files out of listings', async () => {
    await using root = await temporaryRoot();
    await using store = await openDirectoryStore({ root: root.path });
    await writeFile(join(await onlyLife(root.path), '99'), 'half');
    expect(await Array.fromAsync(store.list('', { signal }))).toEqual([]);
  });

  it('removes the temporary files of the dead and not those of the living', async () => {
    await using root = await temporaryRoot();
    await using living = await openDirectoryStore({ root: root.path });
    const life = await onlyLife(root.path);
    await writeFile(join(life, '99'), 'under way');
    const [pid, start] = (life.split('/').at(-1) ?? '').split('-');
    // The same pid at another time, and a pid that no process can have.
    const dead = [`${pid}-${Number(start) + 1}-00`, `4194305-${start}-00`];
    for (const name of dead) await mkdir(join(root.path, '.tmp', name));
    await using _ = await openDirectoryStore({ root: root.path });
    const names = await readdir(join(root.path, '.tmp'));
    expect(names).toHaveLength(2);
    expect(names).not.toEqual(expect.arrayContaining(dead));
    expect(await readdir(life)).toEqual(['99']);
    await living.check({ signal });
  });

  it('takes a killed process for dead before its parent has noticed', async () => {
    await using root = await temporaryRoot();
    // The shell becomes a program that never waits for its child, which therefore stays a zombie.
    const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 60';
    const parent = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      const [pid] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
      await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n');
      parent.stdin.end();
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
      const start = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[19];
      await mkdir(join(root.path, '.tmp', `${pid}-${start}-00`), { recursive: true });
      await using _ = await openDirectoryStore({ root: root.path });
      expect(await onlyLife(root.path)).not.toContain(`${pid}-`);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('removes its temporary directory when it is disposed of', async () => {
    await using root = await temporaryRoot();
    const store = await openDirectoryStore({ root: root.path });
    await store.put('a/b', new Uint8Array(10), { signal });
    await expect(store.put('a/b', new Uint8Array(10), { signal })).rejects.toMatchObject({
      kind: 'alreadyExists',
    });
    expect(await readdir(await onlyLife(root.path))).toEqual([]);
    await store[Symbol.asyncDispose]();
    expect(await readdir(join(root.path, '.tmp'))).toEqual([]);
  });

  it('goes on after someone removed its directories', async () => {
    await using root = await temporaryRoot();
    await using store = await openDirectoryStore({ root: root.path });
    await store.put('a/b/c', new Uint8Array(1), { signal });
    await rm(join(root.path, 'a'), { recursive: true });
    await rm(join(root.path, '.tmp'), { recursive: true });
    const changed = { kind: 'unavailable', reason: 'OBJECT_STORE_CHANGED' };
    await expect(store.put('a/b/d', new Uint8Array(1), { signal })).rejects.toMatchObject(changed);
    await store.put('a/b/d', new Uint8Array(1), { signal });
    expect(await store.size('a/b/d', { signal })).toBe(1);
    await store.check({ signal });
  });

  it('refuses a key below an object and a key above one', async () => {
    await using root = await temporaryRoot();
    await using store = await openDirectoryStore({ root: root.path });
    await store.put('a/b', new Uint8Array(1), { signal });
    await expect(store.put('a/b/c', new Uint8Array(1), { signal })).rejects.toMatchObject({
      kind: 'invalid',
    });
    await expect(store.put('a', new Uint8Array(1), { signal })).rejects.toMatchObject({
      kind: 'alreadyExists',
    });
    await expect(store.get('a', WHOLE, { signal })).rejects.toMatchObject({
      reason: 'OBJECT_MISSING',
    });
    expect(await store.size('a/b/c', { signal })).toBeUndefined();
    await store.delete('a', { signal });
    expect(await store.size('a/b', { signal })).toBe(1);
  });

  it('names what stands in its way when it cannot be opened', async () => {
    await using root = await temporaryRoot();
    await writeFile(join(root.path, 'file'), '');
    const opening = openDirectoryStore({ root: join(root.path, 'file', 'store') });
    await expect(opening).rejects.toThrow(join(root.path, 'file', 'store'));
  });

  it('closes every file that it opens', async () => {
    await using root = await temporaryRoot();
    await using store = await openDirectoryStore({ root: root.path });
    const before = await openFiles();
    for (let index = 0; index < 50; index++) {
      await store.put(`a/${index}`, new Uint8Array(100), { signal });
      await store.put('a/0', new Uint8Array(1), { signal }).catch(() => undefined);
      await store.get(`a/${index}`, WHOLE, { signal });
      await store.get('a', WHOLE, { signal }).catch(() => undefined);
      for await (const _ of store.list('a/', { signal })) break;
    }
    expect(await openFiles()).toBeLessThanOrEqual(before + 2);
  });
});

describe('kill -9', () => {
  it('loses no acknowledged object and shows none in part, over 10 lives', async () => {
    await using root = await temporaryRoot();
    const acknowledged: string[] = [];
    for (let life = 0; life < 10; life++) {
      // Kills after 5 to 104 acknowledgements: where in its work that finds the process is left to chance.
      acknowledged.push(...(await writeUntilKilled(root.path, life, 5 + ((life * 37 + 11) % 100))));
    }
    await using store = await openDirectoryStore({ root: root.path });
    const found = await verifiedKeys(store);
    expect(acknowledged.filter((key) => !found.has(key))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(200);
    expect(await readdir(join(root.path, '.tmp'))).toHaveLength(1);
  }, 60_000);
});

/** Keys that were acknowledged up to the end of a writer that is killed after some of them. */
async function writeUntilKilled(root: string, life: number, killAfter: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'writer.test-support.ts');
  const child = spawn(process.execPath, [script, root, String(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const keys: string[] = [];
  for await (const key of createInterface({ input: child.stdout })) {
    keys.push(key);
    if (keys.length === killAfter) child.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  return keys;
}

/** Reads every object there is and compares it with the checksum that it begins with. */
async function verifiedKeys(store: ObjectStore): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const { key } of store.list('', { signal })) {
    const bytes = await store.get(key, WHOLE, { signal });
    const sum = createHash('sha256').update(bytes.subarray(32)).digest('hex');
    expect([key, Buffer.from(bytes.subarray(0, 32)).toString('hex')]).toEqual([key, sum]);
    keys.add(key);
  }
  return keys;
}

async function temporaryRoot(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'streamhouse-objects-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The directory of temporary files of the one store that is open. */
async function onlyLife(root: string): Promise<string> {
  const names = await readdir(join(root, '.tmp'));
  expect(names).toHaveLength(1);
  return join(root, '.tmp', names[0] ?? '');
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}
