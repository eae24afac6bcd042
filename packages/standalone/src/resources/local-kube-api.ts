/**
 * The port that the operator asks of an API server, answered in this process. It does what an API server does wherever the
 * operator or a user can notice: controllers, reflectors and queues run on it as they are.
 */
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  type ApplyOptions,
  KubeError,
  type KubeApi,
  type KubeObject,
  keyOf,
  type ListPage,
  type ListQuery,
  type ObjectRef,
  type Preconditions,
  type ResourceType,
  type Subresource,
  type WatchEvent,
  type WatchQuery,
} from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiObject } from './api-object.ts';
import type { FieldWriter } from './field-ownership.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { badRequest, tooLarge } from './refusals.ts';
import { listPage } from './resource-list.ts';
import type { ResourceStore } from './resource-store.ts';
import { watchTable } from './resource-watch.ts';
import { apiVersionOf, type ServedKind } from './served-kind.ts';
import {
  applied,
  created,
  deleted,
  type Outcome,
  patched,
  type Request,
  replaced,
  scaleOf,
} from './transitions.ts';
import type { Written } from './write-batch.ts';

export interface LocalKubeApiOptions {
  readonly clock: Clock;
  /** For identities and generated names. */
  readonly random: Random;
  /** Who is said to have written what comes by create, update and patch. */
  readonly fieldManager: string;
}

export type ObjectType = Pick<ResourceType, 'group' | 'version' | 'plural'>;

const GENERATED_CHARS = 'bcdfghjklmnpqrstvwxz2456789';
const GENERATED_LENGTH = 5;

export class LocalKubeApi implements KubeApi {
  readonly #store: ResourceStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #fieldManager: string;

  constructor(store: ResourceStore, options: LocalKubeApiOptions) {
    this.#store = store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#fieldManager = options.fieldManager;
  }

  async list<T extends KubeObject>(
    type: ObjectType,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<ListPage<T>> {
    signal.throwIfAborted();
    const page = listPage(this.#store.table(type), this.#store.version, query);
    return { ...page, items: page.items.map(asObject<T>) };
  }

  async *watch<T extends KubeObject>(
    type: ObjectType,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const table = this.#store.table(type);
    for await (const event of watchTable(this.#store, table, query, this.#clock, signal))
      yield event.type === 'BOOKMARK' ? event : { ...event, object: asObject<T>(event.object) };
  }

  async get<T extends KubeObject>(
    type: ObjectType,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    signal.throwIfAborted();
    const object = this.#store.table(type).objects.get(keyOf(ref));
    return object && asObject<T>(object);
  }

  async create<T extends KubeObject>(type: ObjectType, object: T, signal: AbortSignal): Promise<T> {
    const body = this.named(this.#bodyOf(type, object));
    const written = await this.write(type, refIn(body), signal, (request, previous) =>
      created(request, previous, body),
    );
    return resultOf(written);
  }

  async apply<T extends KubeObject>(
    type: ObjectType,
    object: T,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<T> {
    const body = this.#bodyOf(type, object);
    const by = { manager: options.fieldManager, operation: 'Apply' } as const;
    const decide = (request: Request, previous: Outcome): Outcome =>
      applied(request, previous, body, options.force);
    return resultOf(await this.write(type, refIn(body), signal, decide, by));
  }

  async mergePatch<T extends KubeObject>(
    type: ObjectType,
    ref: ObjectRef,
    patch: object,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    const body = bodyOf(patch);
    const written = await this.write(type, ref, signal, (request, previous) =>
      patched(request, previous, body, options.subresource),
    );
    return this.#viewOf(type, written, options.subresource);
  }

  async update<T extends KubeObject>(
    type: ObjectType,
    object: T,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T> {
    const body = this.#bodyOf(type, object);
    const written = await this.write(type, refIn(body), signal, (request, previous) =>
      replaced(request, previous, body, options.subresource),
    );
    return this.#viewOf(type, written, options.subresource);
  }

  async delete(
    type: ObjectType,
    ref: ObjectRef,
    preconditions: Preconditions | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.write(type, ref, signal, (request, previous) =>
        deleted(request, previous, preconditions ?? {}),
      );
    } catch (error) {
      if (!(error instanceof KubeError && error.kind === 'notFound')) throw error;
      // An unknown kind is a mistake of the caller, not an object that is gone.
      this.#store.table(type);
    }
  }

  /** @throws KubeError `notFound` for a kind that is not served. */
  kind(type: ObjectType): ServedKind {
    return this.#store.table(type).kind;
  }

  /** Runs one of the transitions on the object, after all requests before. */
  async write(
    type: ObjectType,
    ref: ObjectRef,
    signal: AbortSignal,
    decide: (request: Request, previous: Outcome) => Outcome,
    by: Omit<FieldWriter, 'time'> = { manager: this.#fieldManager, operation: 'Update' },
  ): Promise<Written> {
    const table = this.#store.table(type);
    const { namespace, name } = ref;
    if (namespace === undefined || namespace === '')
      throw badRequest(`${table.kind.plural} are in a namespace, and none is given`);
    return await this.#store.write(
      table,
      { namespace, name },
      (previous) => {
        const time = new Date(this.#clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
        const uid = previous === undefined ? uuidFrom(this.#random) : previous.metadata.uid;
        const writer = { ...by, time };
        return decide({ kind: table.kind, namespace, name, writer, uid }, previous);
      },
      signal,
    );
  }

  /** A body that asks for a generated name gets one. */
  named(body: JsonObject): JsonObject {
    const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
    const { name, generateName } = metadata;
    if (typeof name === 'string' && name !== '') return body;
    if (typeof generateName !== 'string') throw badRequest('name or generateName is required');
    const suffix = Array.from({ length: GENERATED_LENGTH }, () =>
      GENERATED_CHARS.charAt(Math.floor(this.#random() * GENERATED_CHARS.length)),
    );
    return { ...body, metadata: { ...metadata, name: `${generateName}${suffix.join('')}` } };
  }

  /** Callers of the port need not say in the object what they say beside it. */
  #bodyOf(type: ObjectType, object: object): JsonObject {
    const { kind } = this.#store.table(type);
    return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...bodyOf(object) };
  }

  #viewOf<T extends KubeObject>(
    type: ObjectType,
    written: Written,
    subresource: Subresource | undefined,
  ): T {
    const object = resultOf<T & ApiObject>(written);
    return subresource === 'scale'
      ? (scaleOf(this.#store.table(type).kind, object) as unknown as T)
      : object;
  }
}

/** What a request carries, as it would arrive over the wire. */
export function bodyOf(value: object): JsonObject {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > LIMITS.resourceBytesMax) throw tooLarge(LIMITS.resourceBytesMax);
  const body: unknown = JSON.parse(text);
  if (!isJsonObject(body)) throw badRequest('the body must be an object');
  return body;
}

/** Where an object says that it is. */
export function refIn(body: JsonObject): ObjectRef {
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  const { namespace, name } = metadata;
  if (typeof name !== 'string' || name === '') throw badRequest('metadata.name is required');
  return typeof namespace === 'string' ? { namespace, name } : { name };
}

/** The object after the write; as it was last when the write was its end. */
function resultOf<T extends KubeObject>({ next, previous }: Written): T {
  return asObject(next ?? previous);
}

/** The caller says which type the objects of a kind have. */
function asObject<T extends KubeObject>(object: ApiObject | undefined): T {
  return object as unknown as T;
}

/** A random UUID, RFC 9562 version 4. */
function uuidFrom(random: Random): string {
  const digit = (choices: number, base = 0): string =>
    (base + Math.floor(random() * choices)).toString(16);
  const digits = (count: number): string => Array.from({ length: count }, () => digit(16)).join('');
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${digit(4, 8)}${digits(3)}-${digits(12)}`;
}
