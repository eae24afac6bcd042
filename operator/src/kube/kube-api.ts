/**
 * What the operator asks of a Kubernetes API server, as one small port. Paths, verbs, lists, watches and statuses are those of
 * https://kubernetes.io/docs/reference/using-api/api-concepts/.
 */
import { type ErrorKind, StreamError } from '@streamhouse/core/errors.ts';

export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

export interface ObjectRef {
  /** Absent for what stands in no namespace. */
  readonly namespace?: string;
  readonly name: string;
}

/** What every object of every kind has, as far as this machinery reads it. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export interface ListQuery {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Objects per page; absent: all in one answer. */
  readonly limit?: number;
  readonly continueToken?: string;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The state that the list shows, and where a watch goes on from. */
  readonly resourceVersion: string;
  /** Present when there is another page. */
  readonly continueToken?: string;
}

export interface WatchQuery {
  readonly namespace?: string;
  /** Only the object of this name: a right to that name is enough. */
  readonly name?: string;
  readonly labelSelector?: string;
  /** Events after this one are sent. */
  readonly resourceVersion: string;
  /** Seconds after which the server ends the watch. */
  readonly timeoutSeconds: number;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed up to `resourceVersion`. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields from other managers instead of answering `conflict`. */
  readonly force: boolean;
}

export type Subresource = 'status' | 'scale';

/** The object is only deleted while it is still the one that was read. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Every method throws KubeError, or the reason of `signal` once that has aborted. */
export interface KubeApi {
  list<T extends KubeObject>(
    type: ResourceType,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<ListPage<T>>;
  /**
   * Changes as they come. Ends when the server ends the watch; throws when the connection breaks or falls silent, and an
   * error with `isExpired` when the server no longer knows `resourceVersion`.
   */
  watch<T extends KubeObject>(
    type: ResourceType,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  /** Undefined when there is none. */
  get<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<T | undefined>;
  create<T extends KubeObject>(type: ResourceType, object: T, signal: AbortSignal): Promise<T>;
  /** Server-side apply: creates the object, or sets the fields that `object` names. */
  apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<T>;
  /** A JSON merge patch (RFC 7396); with `resourceVersion` in its metadata it is refused when the object has changed. */
  mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: object,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T>;
  /** Replaces the object if it still has the `resourceVersion` of `object`. */
  update<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: { readonly subresource?: Subresource },
    signal: AbortSignal,
  ): Promise<T>;
  /** Resolves as well when there is none. Children are collected in the background. */
  delete(
    type: ResourceType,
    ref: ObjectRef,
    preconditions: Preconditions | undefined,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Why one field was refused. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/**
 * What the API server answered, or that it did not answer. Callers act on the kind:
 * `conflict` (409: the object has changed, read again; 410: `isExpired`, list again) · `alreadyExists` (409) · `notFound` · `unauthorized` (401, 403) · `invalid` (400, 422: `causes` name the fields) · `overloaded` (429) wait
 * `retryAfterMs` · `unavailable` nothing was done · `indefinite` it is not known whether it was done.
 */
export class KubeError extends StreamError {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly causes: readonly StatusCause[];

  constructor(
    kind: ErrorKind,
    reason: string,
    message: string,
    options: {
      readonly status?: number;
      readonly causes?: readonly StatusCause[];
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(kind, reason, message, options);
    this.name = 'KubeError';
    this.status = options.status ?? 0;
    this.causes = options.causes ?? [];
  }

  /** The state that a watch or the next page goes on from is no longer known: list again. */
  get isExpired(): boolean {
    return this.status === 410;
  }
}

/** The part of a `v1.Status` that says why. */
export interface StatusBody {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly causes?: readonly Partial<StatusCause>[];
    readonly retryAfterSeconds?: number;
  };
}

/** The error that a `v1.Status` tells of; `AlreadyExists` becomes ALREADY_EXISTS. `retryAfterMs` is that of the header. */
export function statusError(code: number, status: StatusBody, retryAfterMs?: number): KubeError {
  const reason = status.reason ?? `Http${code}`;
  const inBody = status.details?.retryAfterSeconds;
  const waitMs = retryAfterMs ?? (inBody === undefined ? undefined : inBody * 1_000);
  return new KubeError(
    kindOf(code, reason),
    reason.replaceAll(/(?<=[a-z])(?=[A-Z\d])/g, '_').toUpperCase(),
    status.message ?? `the API server answered ${code}`,
    {
      status: code,
      causes: (status.details?.causes ?? []).map(
        ({ reason: why = '', message = '', field = '' }) => ({
          reason: why,
          message,
          field,
        }),
      ),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    },
  );
}

function kindOf(code: number, reason: string): ErrorKind {
  if (code === 401 || code === 403) return 'unauthorized';
  if (code === 404) return 'notFound';
  if (code === 409) return reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict';
  if (code === 410) return 'conflict';
  if (code === 429) return 'overloaded';
  if (code === 503) return 'unavailable';
  return code >= 500 ? 'indefinite' : 'invalid';
}

/** `namespace/name`, or the name alone: how caches and queues call an object. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace === undefined || ref.namespace === ''
    ? ref.name
    : `${ref.namespace}/${ref.name}`;
}

/** The inverse of `keyOf`. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Resource versions are decimal numbers of any length that grow with each write (KEP-5504; so it was before it was promised).
 * One that is none is taken as it comes.
 */
export function isLater(version: string, than: string | undefined): boolean {
  if (than === undefined || !/^[1-9]\d*$/.test(version) || !/^\d+$/.test(than)) return true;
  return version.length === than.length ? version > than : version.length > than.length;
}

/** Where `type` is served: below a namespace, of all namespaces, or of one object. */
export function pathOf(type: ResourceType, ref: Partial<ObjectRef>): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const namespace =
    type.isNamespaced && ref.namespace !== undefined
      ? `/namespaces/${encodeURIComponent(ref.namespace)}`
      : '';
  const name = ref.name === undefined ? '' : `/${encodeURIComponent(ref.name)}`;
  return `${root}${namespace}/${type.plural}${name}`;
}
