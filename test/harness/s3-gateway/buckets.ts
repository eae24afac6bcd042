/** The operations of S3 over directory stores, one for each bucket. */
import { join } from 'node:path';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { CallOptions, ObjectStore, StoredObject } from '@streamhouse/store/objects/port.ts';
import { type Answer, emptyAnswer, listAnswer, S3Failure } from './answer.ts';
import type { GatewayOperation } from './fault.ts';

/** A second write of a key with other bytes: the product has used a key again (I-07). */
export interface Violation {
  readonly key: string;
  readonly bytes: number;
  readonly existingBytes: number;
}

export interface BucketRequest {
  readonly operation: GatewayOperation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly range: string | undefined;
  /** Whether the request has `If-None-Match: *`. */
  readonly isWriteOnce: boolean;
  readonly body: Uint8Array;
}

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const CURSORS_MAX = 64;

interface Cursor {
  /** Read from the listing, but not yet part of a page. */
  readonly pending: StoredObject;
  readonly objects: AsyncIterator<StoredObject>;
}

export class Buckets {
  readonly violations: Violation[] = [];
  readonly #root: string;
  readonly #options: CallOptions;
  readonly #ignoresIfNoneMatch: boolean;
  readonly #stores = new Map<string, ObjectStore>();
  /** Listings under way, by the token of their next page, oldest first: a page then costs its own keys only. */
  readonly #cursors = new Map<string, Cursor>();

  constructor(root: string, options: CallOptions, ignoresIfNoneMatch: boolean) {
    this.#root = root;
    this.#options = options;
    this.#ignoresIfNoneMatch = ignoresIfNoneMatch;
  }

  async create(bucket: string): Promise<void> {
    if (!BUCKET_NAME.test(bucket))
      throw new S3Failure(400, 'InvalidBucketName', 'That is no name for a bucket.');
    if (this.#stores.has(bucket)) return;
    this.#stores.set(bucket, await openDirectoryStore({ root: join(this.#root, bucket) }));
  }

  /** @throws S3Failure as S3 answers. */
  async run(request: BucketRequest): Promise<Answer> {
    try {
      return await this.#run(request);
    } catch (error) {
      if (error instanceof StreamError && error.kind === 'invalid') {
        throw new S3Failure(400, 'InvalidArgument', error.message);
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cursors.clear();
    for (const store of this.#stores.values()) await store[Symbol.asyncDispose]();
  }

  async #run(request: BucketRequest): Promise<Answer> {
    if (request.operation === 'CreateBucket') {
      await this.create(request.bucket);
      return emptyAnswer(200);
    }
    const store = this.#stores.get(request.bucket);
    if (store === undefined) throw new S3Failure(404, 'NoSuchBucket', 'There is no such bucket.');
    switch (request.operation) {
      case 'PutObject':
        return await this.#put(store, request);
      case 'GetObject':
      case 'HeadObject':
        return await this.#get(store, request);
      case 'DeleteObject':
        await store.delete(request.key, this.#options);
        return emptyAnswer(204);
      case 'ListObjectsV2':
        return await this.#list(store, request);
      case 'HeadBucket':
        return emptyAnswer(200);
    }
  }

  async #put(store: ObjectStore, { key, body, isWriteOnce }: BucketRequest): Promise<Answer> {
    try {
      await store.put(key, body, this.#options);
      return emptyAnswer(200, { etag: '"object"' });
    } catch (error) {
      if (!(error instanceof StreamError) || error.kind !== 'alreadyExists') throw error;
    }
    const isSame = await this.#isSame(store, key, body);
    if (isSame && (!isWriteOnce || this.#ignoresIfNoneMatch))
      return emptyAnswer(200, { etag: '"object"' });
    throw new S3Failure(412, 'PreconditionFailed', 'The key is taken.');
  }

  async #isSame(store: ObjectStore, key: string, body: Uint8Array): Promise<boolean> {
    const whole = { position: 0, length: LIMITS.objectBytesMax };
    const existing = await store.get(key, whole, this.#options);
    if (Buffer.compare(existing, body) === 0) return true;
    this.violations.push({ key, bytes: body.length, existingBytes: existing.length });
    return false;
  }

  async #get(store: ObjectStore, { key, operation, range }: BucketRequest): Promise<Answer> {
    const size = await store.size(key, this.#options);
    if (size === undefined) throw new S3Failure(404, 'NoSuchKey', 'There is no such key.');
    if (operation === 'HeadObject') return emptyAnswer(200, { 'content-length': String(size) });
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    if (first === undefined) {
      return {
        status: 200,
        headers: {},
        body: await store.get(key, { position: 0, length: size }, this.#options),
      };
    }
    const position = Number(first);
    if (position >= size)
      throw new S3Failure(416, 'InvalidRange', 'The range begins after the end.');
    const end = last ? Math.min(Number(last) + 1, size) : size;
    const body = await store.get(key, { position, length: end - position }, this.#options);
    return {
      status: 206,
      headers: { 'content-range': `bytes ${position}-${end - 1}/${size}` },
      body,
    };
  }

  async #list(store: ObjectStore, { bucket, query }: BucketRequest): Promise<Answer> {
    const prefix = query.get('prefix') ?? '';
    const keysMax = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000);
    const token = query.get('continuation-token') ?? undefined;
    const { objects, pending } = await this.#resume(store, prefix, token);
    const page: StoredObject[] = [];
    let next = pending ?? (await take(objects));
    for (; next !== undefined && page.length < keysMax; next = await take(objects)) page.push(next);
    if (next === undefined)
      return listAnswer({ bucket, prefix, keysMax, objects: page, next: undefined });
    const following = Buffer.from(`${prefix} ${next.key}`).toString('base64url');
    this.#remember(following, { pending: next, objects });
    return listAnswer({ bucket, prefix, keysMax, objects: page, next: following });
  }

  /** A token names the first key of its page, so that a page asked for twice, or late, is found by searching. */
  async #resume(
    store: ObjectStore,
    prefix: string,
    token: string | undefined,
  ): Promise<{ objects: AsyncIterator<StoredObject>; pending: StoredObject | undefined }> {
    const cursor = token === undefined ? undefined : this.#cursors.get(token);
    if (token !== undefined && cursor !== undefined) {
      this.#cursors.delete(token);
      return cursor;
    }
    const objects = store.list(prefix, this.#options)[Symbol.asyncIterator]();
    const from =
      token === undefined
        ? ''
        : Buffer.from(token, 'base64url')
            .toString()
            .slice(prefix.length + 1);
    let pending = await take(objects);
    while (pending !== undefined && pending.key < from) pending = await take(objects);
    return { objects, pending };
  }

  #remember(token: string, cursor: Cursor): void {
    this.#cursors.set(token, cursor);
    for (const oldest of this.#cursors.keys()) {
      if (this.#cursors.size <= CURSORS_MAX) return;
      this.#cursors.delete(oldest);
    }
  }
}

async function take(objects: AsyncIterator<StoredObject>): Promise<StoredObject | undefined> {
  const result = await objects.next();
  return result.done === true ? undefined : result.value;
}
