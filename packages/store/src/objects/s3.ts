/**
 * Objects in a bucket of S3 or of a server that speaks its protocol. Of its conditions only `If-None-Match: *` is
 * used: the others differ between servers.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Secret } from '@streamhouse/core/secret.ts';
import { checkBytes, checkKey, checkPrefix, checkRange } from './key.ts';
import type { ByteRange, CallOptions, ObjectStore, StoredObject } from './port.ts';
import { type S3Call, s3Error, s3TimeoutError } from './s3-errors.ts';

export interface S3StoreOptions {
  /** URL of a server other than Amazon's. */
  readonly endpoint?: string;
  readonly region: string;
  readonly bucket: string;
  /** Without them the SDK looks where it always does: environment, files, workload identity, the machine's role. */
  readonly credentials?: S3Credentials;
  /** Bucket in the path and not in the host name. Default: whether there is an endpoint. */
  readonly forcePathStyle?: boolean;
  /** Milliseconds for one call of the port, its last byte included. */
  readonly requestTimeoutMs: number;
  /** Beginning of the key that `check` writes to and deletes: '' or ending in `/`. Default ''. */
  readonly probePrefix?: string;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

type Sdk = typeof import('@aws-sdk/client-s3');

interface Clients {
  readonly sdk: Sdk;
  /** Reads, listings and deletions: the SDK repeats them. */
  readonly reader: S3Client;
  /** Puts: never repeated here, because the caller repeats them under a new key (I-07). Shares the connections. */
  readonly writer: S3Client;
}

/**
 * Sends nothing yet: a process starts while its store is away, and `check` tells why it is not ready. The SDK is
 * loaded here, so that a process with another store does not carry its 30 MiB.
 */
export async function openS3Store(options: S3StoreOptions): Promise<ObjectStore> {
  checkPrefix(options.probePrefix ?? '');
  const sdk = await import('@aws-sdk/client-s3');
  const config = clientConfig(options);
  const reader = new sdk.S3Client({ ...config, maxAttempts: LIMITS.s3ReadAttemptsMax });
  const { credentials, requestHandler } = reader.config;
  const writer = new sdk.S3Client({ ...config, credentials, requestHandler, maxAttempts: 1 });
  return new S3Store({ sdk, reader, writer }, options);
}

function clientConfig(options: S3StoreOptions): S3ClientConfig {
  const { endpoint, credentials } = options;
  const agent = { keepAlive: true, maxSockets: LIMITS.s3SocketsMax };
  return {
    region: options.region,
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    // Objects carry their own checksums; a second one over each body costs a third of a put's CPU.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Else each large put waits for a `100 Continue` on a connection of its own.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: LIMITS.s3ConnectMsMax,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: revealed(credentials) }),
  };
}

function revealed(credentials: S3Credentials): NonNullable<S3ClientConfig['credentials']> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const pair = { accessKeyId, secretAccessKey: secretAccessKey.reveal() };
  return sessionToken === undefined ? pair : { ...pair, sessionToken: sessionToken.reveal() };
}

class S3Store implements ObjectStore {
  readonly #clients: Clients;
  readonly #bucket: string;
  readonly #region: string;
  readonly #requestTimeoutMs: number;
  readonly #probePrefix: string;
  readonly #calls = new Set<Promise<unknown>>();
  #isWriteOnce = false;
  #isClosed = false;

  constructor(clients: Clients, options: S3StoreOptions) {
    this.#clients = clients;
    this.#bucket = options.bucket;
    this.#region = options.region;
    this.#requestTimeoutMs = options.requestTimeoutMs;
    this.#probePrefix = options.probePrefix ?? '';
  }

  async put(key: string, bytes: Uint8Array, { signal }: CallOptions): Promise<void> {
    checkKey(key);
    checkBytes(bytes.length);
    const { sdk, writer } = this.#clients;
    // The SDK copies a plain Uint8Array before it hashes it.
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const send = (): Promise<unknown> =>
      this.#call(`Writing ${key}`, true, signal, async (abortSignal) => {
        const input = { Bucket: this.#bucket, Key: key, Body: body, IfNoneMatch: '*' };
        return await writer.send(new sdk.PutObjectCommand(input), { abortSignal });
      });
    try {
      await send();
    } catch (error) {
      // Nothing was written, and the SDK has learnt the server's time from the answer: sign once more.
      if (!hasReason(error, 'S3_CLOCK_SKEW')) throw error;
      await send();
    }
  }

  async get(key: string, range: ByteRange, { signal }: CallOptions): Promise<Uint8Array> {
    checkKey(key);
    checkRange(range);
    if (range.length === 0) {
      // HTTP has no range of no bytes.
      if ((await this.size(key, { signal })) !== undefined) return new Uint8Array();
      throw new StreamError('notFound', 'OBJECT_MISSING', `There is no object ${key}.`);
    }
    return (await this.#read(key, range, signal)).bytes;
  }

  /** Asks for the first byte and not for HEAD: only the answers to GET say whether key or bucket is missing. */
  async size(key: string, { signal }: CallOptions): Promise<number | undefined> {
    checkKey(key);
    try {
      return (await this.#read(key, { position: 0, length: 1 }, signal)).objectBytes;
    } catch (error) {
      if (hasReason(error, 'OBJECT_MISSING')) return undefined;
      throw error;
    }
  }

  async *list(prefix: string, { signal }: CallOptions): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    for (let token: string | undefined; ; ) {
      const page = await this.#listPage(prefix, token, LIMITS.objectListPageKeysMax, signal);
      for (const object of page.objects) {
        signal.throwIfAborted();
        yield object;
      }
      if (page.next === undefined) return;
      token = page.next;
    }
  }

  async delete(key: string, { signal }: CallOptions): Promise<void> {
    checkKey(key);
    const { sdk, reader } = this.#clients;
    try {
      await this.#call(`Deleting ${key}`, false, signal, async (abortSignal) => {
        const command = new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: key });
        return await reader.send(command, { abortSignal });
      });
    } catch (error) {
      if (!hasReason(error, 'OBJECT_MISSING')) throw error;
    }
  }

  /**
   * Lists one key; the first time it also proves that the store refuses to overwrite: it writes a key twice and
   * deletes it. Should the process die in between, one object of one byte stays under `probe/`.
   *
   * @throws StreamError also `invalid` S3_OVERWRITES when the store ignores `If-None-Match`.
   */
  async check(options: CallOptions): Promise<void> {
    await this.#listPage('', undefined, 1, options.signal);
    if (this.#isWriteOnce) return;
    await this.#probeWriteOnce(options);
    this.#isWriteOnce = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#calls);
    this.#clients.writer.destroy();
    this.#clients.reader.destroy();
  }

  async #probeWriteOnce(options: CallOptions): Promise<void> {
    const key = `${this.#probePrefix}probe/${randomUUID()}`;
    const byte = new Uint8Array(1);
    let isOverwritten = true;
    try {
      await this.put(key, byte, options);
      await this.put(key, byte, options);
    } catch (error) {
      if (!hasReason(error, 'OBJECT_EXISTS')) throw error;
      isOverwritten = false;
    }
    await this.delete(key, options);
    if (!isOverwritten) return;
    const message = `The server of bucket ${this.#bucket} overwrites objects although If-None-Match: * was asked for.`;
    throw new StreamError('invalid', 'S3_OVERWRITES', `${message} Use one that supports it.`);
  }

  async #read(
    key: string,
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<{ bytes: Uint8Array; objectBytes: number }> {
    const { sdk, reader } = this.#clients;
    const { position, length } = range;
    return await this.#call(`Reading ${key}`, false, signal, async (abortSignal) => {
      const input = {
        Bucket: this.#bucket,
        Key: key,
        Range: `bytes=${position}-${position + length - 1}`,
      };
      try {
        const answer = await reader.send(new sdk.GetObjectCommand(input), { abortSignal });
        return await readBody(answer, range);
      } catch (error) {
        // The range begins at or after the end of the object; when it begins at 0, the object is empty.
        if (!(error instanceof sdk.S3ServiceException) || error.name !== 'InvalidRange')
          throw error;
        return { bytes: new Uint8Array(), objectBytes: 0 };
      }
    });
  }

  async #listPage(
    prefix: string,
    token: string | undefined,
    keysMax: number,
    signal: AbortSignal,
  ): Promise<{ objects: StoredObject[]; next: string | undefined }> {
    const { sdk, reader } = this.#clients;
    return await this.#call(
      `Listing ${prefix || 'objects'}`,
      false,
      signal,
      async (abortSignal) => {
        const input = { Bucket: this.#bucket, Prefix: prefix, MaxKeys: keysMax };
        const page = await reader.send(
          new sdk.ListObjectsV2Command(
            token === undefined ? input : { ...input, ContinuationToken: token },
          ),
          { abortSignal },
        );
        const objects: StoredObject[] = [];
        for (const { Key: key, Size: bytes } of page.Contents ?? []) {
          if (key !== undefined && bytes !== undefined) objects.push({ key, bytes });
        }
        return { objects, next: page.NextContinuationToken };
      },
    );
  }

  async #call<T>(
    doing: string,
    isPut: boolean,
    signal: AbortSignal,
    run: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#isClosed)
      throw new StreamError('unavailable', 'OBJECT_STORE_CLOSED', 'The object store is closed.');
    const call: S3Call = { doing, isPut, bucket: this.#bucket, region: this.#region };
    // The system's timer and not a Clock: it bounds waiting for a socket, which no virtual clock can.
    const deadline = AbortSignal.timeout(this.#requestTimeoutMs);
    const running = run(AbortSignal.any([signal, deadline]));
    this.#calls.add(running);
    try {
      return await running;
    } catch (error) {
      if (signal.aborted) throw isPut ? abortedPut(doing, signal.reason) : signal.reason;
      if (error instanceof StreamError) throw error;
      throw deadline.aborted ? s3TimeoutError(call, this.#requestTimeoutMs) : s3Error(error, call);
    } finally {
      this.#calls.delete(running);
    }
  }
}

/** The body, proven to be the whole of what the range can give. */
async function readBody(
  answer: GetObjectCommandOutput,
  range: ByteRange,
): Promise<{ bytes: Uint8Array; objectBytes: number }> {
  const { Body: body, ContentRange: span, ContentLength: contentLength } = answer;
  if (!(body instanceof Readable)) throw shortBody('the answer has no body');
  // Left unread, a body would keep its connection.
  using _ = { [Symbol.dispose]: () => void body.destroy() };
  if (span === undefined && contentLength === 0) return { bytes: new Uint8Array(), objectBytes: 0 };
  const [, start, last, total] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(span ?? '') ?? []).map(Number);
  if (start === undefined || last === undefined || total === undefined) {
    throw shortBody('the answer is not for a range of bytes');
  }
  const length = Math.min(range.length, total - range.position);
  if (start !== range.position || last - start + 1 !== length)
    throw shortBody('the answer is for another range');
  return { bytes: await readExactly(body, length), objectBytes: total };
}

async function readExactly(body: Readable, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > length) throw shortBody('the body is longer than the range');
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled !== length) throw shortBody(`the body ended after ${filled} of ${length} bytes`);
  return bytes;
}

/** Retried as if nothing had come: what is wrong is the transfer, and not the object. */
function shortBody(fault: string): StreamError {
  return new StreamError('unavailable', 'S3_BODY', `Reading from S3: ${fault}.`);
}

function abortedPut(doing: string, cause: unknown): StreamError {
  return new StreamError('indefinite', 'S3_ABORTED', `${doing}: given up before the answer came.`, {
    cause,
  });
}

function hasReason(error: unknown, reason: string): boolean {
  return error instanceof StreamError && error.reason === reason;
}
