/** What every object store must do, told once. Each adapter runs it against what it really talks to. */
import { createHash } from 'node:crypto';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ByteRange, ObjectStore, StoredObject } from './port.ts';

export interface ConformanceSubject extends AsyncDisposable {
  /** Another store over the same objects each time. The caller disposes of it. */
  open(): Promise<ObjectStore>;
  /** A store whose bucket or directory does not exist. The caller disposes of it. */
  openMissing(): Promise<ObjectStore>;
}

const LONG_MS = 60_000;
const signal = new AbortController().signal;

/** Registers the suite. `start` is called once, and what it resolves is disposed at the end. */
export function objectStoreConformance(
  name: string,
  start: () => Promise<ConformanceSubject>,
): void {
  describe(`${name} is an object store`, () => {
    let subject: ConformanceSubject;
    let store: ObjectStore;
    beforeAll(async () => {
      subject = await start();
      store = await subject.open();
    }, LONG_MS);
    afterAll(async () => {
      await store?.[Symbol.asyncDispose]();
      await subject?.[Symbol.asyncDispose]();
    }, LONG_MS);

    const theStore = (): ObjectStore => store;
    describe('put', () => {
      registerPut(theStore);
    });
    describe('get', () => {
      registerGet(theStore);
    });
    describe('list', () => {
      registerList(theStore);
    });
    describe('delete and size', () => {
      registerDelete(theStore);
    });
    describe('abort', () => {
      registerAbort(theStore);
    });
    describe('keys', () => {
      registerKeys(theStore);
    });
    describe('life', () => {
      registerLife(theStore, () => subject);
    });
  });
}

function registerPut(store: () => ObjectStore): void {
  it('reads back what was written, at once', async () => {
    await store().put('put/a', text('hello'), { signal });
    expect(await read(store(), 'put/a')).toEqual(text('hello'));
    expect(await keys(store(), 'put/a')).toEqual(['put/a']);
  });

  it('refuses a second put with other bytes and keeps the first (I-07)', async () => {
    await store().put('put/b', text('first'), { signal });
    await expect(store().put('put/b', text('second'), { signal })).rejects.toMatchObject(EXISTS);
    expect(await read(store(), 'put/b')).toEqual(text('first'));
  });

  it('refuses a second put with the same bytes (I-07)', async () => {
    await store().put('put/c', text('same'), { signal });
    await expect(store().put('put/c', text('same'), { signal })).rejects.toMatchObject(EXISTS);
  });

  it('lets one of 20 concurrent puts win and keeps no trace of the others (I-07)', async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => patterned(20_000 + index, index));
    const results = await Promise.allSettled(
      bodies.map((body) => store().put('race/one', body, { signal })),
    );
    const winners = [...results.keys()].filter((index) => results[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject(EXISTS);
    }
    expect(await read(store(), 'race/one')).toEqual(bodies[winners[0] ?? -1]);
    expect(await listed(store(), 'race/')).toEqual([
      { key: 'race/one', bytes: 20_000 + (winners[0] ?? -1) },
    ]);
  });

  it('takes 20 concurrent puts of different keys', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many/${index + 10}`);
    await Promise.all(names.map((key) => store().put(key, text(key), { signal })));
    for (const key of names) expect(await read(store(), key)).toEqual(text(key));
  });

  it('keeps every byte value, and of a larger buffer only the view', async () => {
    const buffer = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);
    await store().put('put/view', buffer.subarray(100, 612), { signal });
    expect(await read(store(), 'put/view')).toEqual(buffer.slice(100, 612));
  });

  it('keeps an object of no bytes', async () => {
    await store().put('put/empty', new Uint8Array(), { signal });
    expect(await store().size('put/empty', { signal })).toBe(0);
    expect(await read(store(), 'put/empty')).toEqual(new Uint8Array());
    await expect(store().put('put/empty', text('x'), { signal })).rejects.toMatchObject(EXISTS);
  });

  it(
    'keeps an object of 16 MiB',
    async () => {
      const body = patterned(16 * 1_048_576, 7);
      await store().put('put/large', body, { signal });
      expect(await store().size('put/large', { signal })).toBe(body.length);
      expect(sha256(await read(store(), 'put/large'))).toBe(sha256(body));
      const middle = await store().get(
        'put/large',
        { position: 9_000_001, length: 1_048_576 },
        { signal },
      );
      expect(sha256(middle)).toBe(sha256(body.subarray(9_000_001, 9_000_001 + 1_048_576)));
    },
    LONG_MS,
  );

  it('refuses an object over the limit', async () => {
    const body = new Uint8Array(LIMITS.objectBytesMax + 1);
    const refusal = { kind: 'invalid', reason: 'OBJECT_TOO_LARGE' };
    await expect(store().put('put/huge', body, { signal })).rejects.toMatchObject(refusal);
    expect(await store().size('put/huge', { signal })).toBeUndefined();
  });
}

function registerGet(store: () => ObjectStore): void {
  const body = patterned(1_000, 3);
  const get = async (position: number, length: number): Promise<Uint8Array> =>
    plain(await store().get('get/a', { position, length }, { signal }));
  beforeAll(async () => await store().put('get/a', body, { signal }));

  it.each([
    ['the beginning', 0, 10],
    ['the middle', 500, 250],
    ['the last byte', 999, 1],
    ['all of it', 0, 1_000],
  ])('reads %s', async (_, position, length) => {
    expect(await get(position, length)).toEqual(body.slice(position, position + length));
  });

  it('reads less only at the end of the object', async () => {
    expect(await get(900, 500)).toEqual(body.slice(900));
    expect(await get(0, LIMITS.objectBytesMax)).toEqual(body);
  });

  it('reads nothing at and after the end', async () => {
    expect(await get(1_000, 1)).toEqual(new Uint8Array());
    expect(await get(5_000_000_000, 10)).toEqual(new Uint8Array());
  });

  it('reads no bytes when none are asked for', async () => {
    expect(await get(0, 0)).toEqual(new Uint8Array());
    expect(await get(1_000, 0)).toEqual(new Uint8Array());
  });

  it('says that an object is missing, also when no bytes of it are asked for', async () => {
    for (const length of [0, 10]) {
      const missing = store().get('get/none', { position: 0, length }, { signal });
      await expect(missing).rejects.toMatchObject(MISSING);
    }
  });

  it.each<ByteRange>([
    { position: -1, length: 1 },
    { position: 0, length: -1 },
    { position: 0.5, length: 1 },
    { position: 0, length: Number.NaN },
    { position: Number.MAX_SAFE_INTEGER, length: 10 },
  ])('refuses the range $position + $length', async (range) => {
    const refusal = { kind: 'invalid', reason: 'OBJECT_RANGE' };
    await expect(store().get('get/a', range, { signal })).rejects.toMatchObject(refusal);
  });
}

function registerList(store: () => ObjectStore): void {
  it('lists in byte order, whatever the folders', async () => {
    const names = ['a-b', 'a.b', 'a/1', 'a/2', 'a0', 'a=', 'aB/x', 'a_/x', 'ab', 'ab.c/z', 'B'].map(
      (key) => `order/${key}`,
    );
    for (const key of names.toReversed()) await store().put(key, text(key), { signal });
    expect(await keys(store(), 'order/')).toEqual(names.toSorted(compareBytes));
  });

  it('takes any beginning of a key as the prefix', async () => {
    for (const key of ['pre/ab/1', 'pre/ab/2', 'pre/abc', 'pre/b'])
      await store().put(key, text('x'), { signal });
    expect(await keys(store(), 'pre/ab')).toEqual(['pre/ab/1', 'pre/ab/2', 'pre/abc']);
    expect(await keys(store(), 'pre/ab/')).toEqual(['pre/ab/1', 'pre/ab/2']);
    expect(await keys(store(), 'pre/ab/2')).toEqual(['pre/ab/2']);
    expect(await keys(store(), 'pre')).toHaveLength(4);
    expect(await keys(store(), 'pre/none')).toEqual([]);
    expect(await keys(store(), 'pre/b/')).toEqual([]);
  });

  it('tells the size of each object', async () => {
    await store().put('sizes/a', patterned(1, 0), { signal });
    await store().put('sizes/b', patterned(70_000, 0), { signal });
    expect(await listed(store(), 'sizes/')).toEqual([
      { key: 'sizes/a', bytes: 1 },
      { key: 'sizes/b', bytes: 70_000 },
    ]);
  });

  it('lists everything without a prefix', async () => {
    await store().put('zz/last', text('x'), { signal });
    const all = await keys(store(), '');
    expect(all).toContain('zz/last');
    expect(all).toEqual(all.toSorted(compareBytes));
  });

  it(
    'lists more keys than a page holds, each once, and can be left early',
    async () => {
      const names = Array.from(
        { length: 1_250 },
        (_, index) => `pages/${String(index).padStart(5, '0')}`,
      );
      const left = [...names];
      const write = async (): Promise<void> => {
        for (let key = left.pop(); key !== undefined; key = left.pop())
          await store().put(key, text(key), { signal });
      };
      await Promise.all(Array.from({ length: 16 }, write));
      expect(await keys(store(), 'pages/')).toEqual(names);
      for await (const { key } of store().list('pages/', { signal })) {
        expect(key).toBe('pages/00000');
        break;
      }
    },
    LONG_MS,
  );
}

function registerDelete(store: () => ObjectStore): void {
  it('deletes an object and no other', async () => {
    await store().put('delete/a', text('a'), { signal });
    await store().put('delete/ab', text('ab'), { signal });
    await store().delete('delete/a', { signal });
    await expect(read(store(), 'delete/a')).rejects.toMatchObject(MISSING);
    expect(await keys(store(), 'delete/')).toEqual(['delete/ab']);
  });

  it('deletes what is not there without an error', async () => {
    await store().put('delete/c', text('c'), { signal });
    await store().delete('delete/c', { signal });
    await store().delete('delete/c', { signal });
    await store().delete('delete/never/was', { signal });
    expect(await store().size('delete/c', { signal })).toBeUndefined();
  });

  it('tells the size, and undefined when there is no object', async () => {
    await store().put('size/a', patterned(12_345, 1), { signal });
    expect(await store().size('size/a', { signal })).toBe(12_345);
    expect(await store().size('size/b', { signal })).toBeUndefined();
    expect(await store().size('none/at/all', { signal })).toBeUndefined();
  });
}

function registerAbort(store: () => ObjectStore): void {
  it('rejects every call with the reason of an aborted signal, and does nothing', async () => {
    await store().put('abort/there', text('x'), { signal });
    const reason = new Error('given up');
    const aborted = { signal: AbortSignal.abort(reason) };
    await expect(store().put('abort/a', text('x'), aborted)).rejects.toBe(reason);
    await expect(store().get('abort/there', { position: 0, length: 1 }, aborted)).rejects.toBe(
      reason,
    );
    await expect(store().size('abort/there', aborted)).rejects.toBe(reason);
    await expect(store().delete('abort/there', aborted)).rejects.toBe(reason);
    await expect(store().check(aborted)).rejects.toBe(reason);
    await expect(drain(store().list('', aborted))).rejects.toBe(reason);
    expect(await keys(store(), 'abort/')).toEqual(['abort/there']);
  });

  it('stops a listing between two objects', async () => {
    await store().put('stop/a', text('x'), { signal });
    await store().put('stop/b', text('x'), { signal });
    const controller = new AbortController();
    const reason = new Error('given up');
    const seen: string[] = [];
    const listing = (async () => {
      for await (const { key } of store().list('stop/', { signal: controller.signal })) {
        seen.push(key);
        controller.abort(reason);
      }
    })();
    await expect(listing).rejects.toBe(reason);
    expect(seen).toEqual(['stop/a']);
  });

  it('leaves a put that was aborted under way whole or not there (I-10)', async () => {
    const controller = new AbortController();
    const reason = new Error('given up');
    const body = patterned(8 * 1_048_576, 5);
    const put = store().put('abort/under-way', body, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    const [result] = await Promise.allSettled([put]);
    if (result.status === 'rejected' && result.reason !== reason) {
      expect(result.reason).toMatchObject({ kind: 'indefinite', cause: reason });
    }
    expect([undefined, body.length]).toContain(await store().size('abort/under-way', { signal }));
  });
}

function registerKeys(store: () => ObjectStore): void {
  const refused = [
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    '.tmp/a',
    'a/.b',
    'a b',
    'a\\b',
    'a\0b',
    'a\nb',
    'a%2e',
    'a?b',
    'a#b',
    'ä',
    '😀',
    `${'a'.repeat(LIMITS.objectKeySegmentCharsMax + 1)}/b`,
    longKey(LIMITS.objectKeyCharsMax + 1),
  ];
  const refusal = { kind: 'invalid', reason: 'OBJECT_KEY' };

  it.each(refused)('refuses the key %j in every call', async (key) => {
    await expect(store().put(key, text('x'), { signal })).rejects.toMatchObject(refusal);
    await expect(store().get(key, { position: 0, length: 1 }, { signal })).rejects.toMatchObject(
      refusal,
    );
    await expect(store().size(key, { signal })).rejects.toMatchObject(refusal);
    await expect(store().delete(key, { signal })).rejects.toMatchObject(refusal);
  });

  it.each(['/', '../', 'a//', 'a/../', '.tmp'])('refuses the prefix %j', async (prefix) => {
    await expect(drain(store().list(prefix, { signal }))).rejects.toMatchObject(refusal);
  });

  it('takes the longest key', async () => {
    const key = longKey(LIMITS.objectKeyCharsMax);
    await store().put(key, text('long'), { signal });
    expect(await read(store(), key)).toEqual(text('long'));
    expect(await keys(store(), key.slice(0, 300))).toEqual([key]);
  });

  it('takes the characters that need care in a URL or a signature', async () => {
    const key = 'chars/A-Z_0.9=x/=/-/_.';
    await store().put(key, text('chars'), { signal });
    expect(await read(store(), key)).toEqual(text('chars'));
    expect(await keys(store(), 'chars/')).toEqual([key]);
  });
}

function registerLife(store: () => ObjectStore, subject: () => ConformanceSubject): void {
  it('passes its check, again and again, and leaves nothing behind', async () => {
    const before = await keys(store(), '');
    await store().check({ signal });
    await store().check({ signal });
    expect(await keys(store(), '')).toEqual(before);
  });

  it('shows its objects to another store, and the other way round', async () => {
    await using other = await subject().open();
    await store().put('life/a', text('a'), { signal });
    await other.put('life/b', text('b'), { signal });
    expect(await read(other, 'life/a')).toEqual(text('a'));
    expect(await read(store(), 'life/b')).toEqual(text('b'));
    await expect(other.put('life/a', text('c'), { signal })).rejects.toMatchObject(EXISTS);
  });

  it('says in every call that its bucket is missing (B-18)', async () => {
    await using missing = await subject().openMissing();
    const refusal = { kind: 'notFound', reason: 'BUCKET_MISSING' };
    await expect(missing.check({ signal })).rejects.toMatchObject(refusal);
    await expect(missing.put('a/b', text('x'), { signal })).rejects.toMatchObject(refusal);
    await expect(missing.get('a/b', { position: 0, length: 1 }, { signal })).rejects.toMatchObject(
      refusal,
    );
    await expect(missing.size('a/b', { signal })).rejects.toMatchObject(refusal);
    await expect(missing.delete('a/b', { signal })).rejects.toMatchObject(refusal);
    await expect(drain(missing.list('', { signal }))).rejects.toMatchObject(refusal);
  });

  it('finishes its puts when it is disposed of, and refuses calls from then on', async () => {
    const other = await subject().open();
    const put = other.put('life/last', patterned(100_000, 9), { signal });
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await put;
    expect(await store().size('life/last', { signal })).toBe(100_000);
    const refusal = { kind: 'unavailable', reason: 'OBJECT_STORE_CLOSED' };
    await expect(other.put('life/later', text('x'), { signal })).rejects.toMatchObject(refusal);
    await expect(other.size('life/last', { signal })).rejects.toMatchObject(refusal);
  });

  it('throws errors of one type', async () => {
    await expect(read(store(), 'life/none')).rejects.toBeInstanceOf(StreamError);
  });
}

const EXISTS = { kind: 'alreadyExists', reason: 'OBJECT_EXISTS' };
const MISSING = { kind: 'notFound', reason: 'OBJECT_MISSING' };

async function read(store: ObjectStore, key: string): Promise<Uint8Array> {
  return plain(await store.get(key, { position: 0, length: LIMITS.objectBytesMax }, { signal }));
}

async function listed(store: ObjectStore, prefix: string): Promise<StoredObject[]> {
  return await drain(store.list(prefix, { signal }));
}

async function keys(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await listed(store, prefix)).map(({ key }) => key);
}

async function drain(objects: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

/** Vitest takes a Buffer for something else than a Uint8Array with the same bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** Bytes without a short period, so that bytes from another place are seen to be others. */
function patterned(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function longKey(length: number): string {
  return `long/${'abcdefghij/'.repeat(length)}`.slice(0, length - 1).replace(/\/$/, '_') + 'k';
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
