/**
 * Applies the objects of pools: never one that is something else's, and none that shows what was applied already. What
 * others change of it is set back; fields that they add stay theirs.
 */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { type KubeApi, KubeError, keyOf } from '../kube/kube-api.ts';
import type { Child } from '../plan/children/kube-types.ts';
import { APPLIED_ANNOTATION, MANAGED_BY } from '../plan/children/names.ts';
import type { PoolProblem } from '../plan/pool-status.ts';
import { specHash } from '../plan/spec-hash.ts';
import { controllerOf, type OwnedObject } from './pod-facts.ts';

/**
 * For this time after an object was written or asked for it is taken to be so: a cache may not have heard of it, and somebody
 * who changes it back at once, again and again, is answered at the next resync.
 */
const LOOK_AGAIN_MS = 10_000;

/** Maps of which each key that somebody adds changes what they select: server-side apply takes them as one value as well. */
const WHOLE: ReadonlySet<string> = new Set(['selector', 'matchLabels', 'nodeSelector']);

interface Seen {
  readonly applied: string;
  /** Names what the API server then showed of the applied fields: it writes some in words of its own. */
  readonly fields: string;
  readonly atMs: number;
}

export class ChildWriter {
  readonly #kube: KubeApi;
  readonly #clock: Clock;
  /** By key of the pool, then by kind and name: objects that were seen to be as applied. */
  readonly #seen = new Map<string, Map<string, Seen>>();

  constructor(kube: KubeApi, clock: Clock) {
    this.#kube = kube;
    this.#clock = clock;
  }

  /** `cached` is what a cache shows. Where it shows nothing the API server is asked. @returns what a person has to mend. */
  async apply(
    pool: AgentPoolResource,
    child: Child,
    cached: { readonly known: OwnedObject | undefined } | undefined,
    signal: AbortSignal,
  ): Promise<readonly PoolProblem[]> {
    const { type, object } = child;
    const { namespace, name } = object.metadata;
    const seen = this.#seenOf(pool, child);
    const isGone = cached !== undefined && cached.known === undefined;
    if (!isGone && this.#isFresh(seen)) return [];
    const live =
      cached?.known ?? (await this.#kube.get<OwnedObject>(type, { namespace, name }, signal));
    if (live !== undefined && controllerOf(live) !== pool.metadata.uid) {
      const message = `${type.kind} ${namespace}/${name} exists and does not belong to this pool: rename or delete one of the two`;
      return [{ kind: 'nameConflict', message }];
    }
    const fields = specHash(shown(object, live));
    if (fields === specHash(object) || fields === seen?.fields) {
      if (cached?.known === undefined) this.#remember(pool, child, fields);
      return [];
    }
    try {
      const written = await this.#write(child, live, signal);
      this.#remember(pool, child, specHash(shown(object, written)));
      return [];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const message = `the API server refused ${type.kind} ${namespace}/${name}: ${error.message}`;
      return [{ kind: 'childRefused', message: message.slice(0, 2_000) }];
    }
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }

  /**
   * One that exists is named by its uid, so that no other one that has come in its place is written. One that does not is not
   * forced: fields of an object that has come meanwhile stay its own.
   */
  async #write(
    { type, object }: Child,
    live: OwnedObject | undefined,
    signal: AbortSignal,
  ): Promise<OwnedObject> {
    const uid = live?.metadata.uid;
    const body = uid === undefined ? object : { ...object, metadata: { ...object.metadata, uid } };
    const options = { fieldManager: MANAGED_BY, force: live !== undefined };
    return await this.#kube.apply<OwnedObject>(type, body, options, signal);
  }

  /** Undefined when something else was applied then. */
  #seenOf(pool: AgentPoolResource, child: Child): Seen | undefined {
    const seen = this.#seen.get(keyOf(pool.metadata))?.get(nameOf(child));
    return seen?.applied === appliedOf(child) ? seen : undefined;
  }

  #isFresh(seen: Seen | undefined): boolean {
    return seen !== undefined && this.#clock.monotonicMs() - seen.atMs < LOOK_AGAIN_MS;
  }

  #remember(pool: AgentPoolResource, child: Child, fields: string): void {
    const key = keyOf(pool.metadata);
    const ofPool = this.#seen.get(key) ?? new Map<string, Seen>();
    const atMs = this.#clock.monotonicMs();
    ofPool.set(nameOf(child), { applied: appliedOf(child), fields, atMs });
    this.#seen.set(key, ofPool);
  }
}

function appliedOf({ object }: Child): string {
  return object.metadata.annotations[APPLIED_ANNOTATION] ?? '';
}

/** What `live` has where `applied` has something; of a list all, as order and length count. */
function shown(applied: unknown, live: unknown): unknown {
  if (Array.isArray(applied))
    return Array.isArray(live) ? live.map((item, place) => shown(applied[place], item)) : live;
  if (typeof applied !== 'object' || applied === null) return live;
  const fields = new Map<string, unknown>(Object.entries(live ?? {}));
  return Object.fromEntries(
    Object.entries(applied).map(([name, value]) => [
      name,
      WHOLE.has(name) ? fields.get(name) : shown(value, fields.get(name)),
    ]),
  );
}

/** The resource is of one life of the pool: one made again has other objects, with other owners, and so another hash. */
function nameOf({ type, object }: Child): string {
  return `${type.plural}/${object.metadata.name}`;
}

/**
 * Asking again would be answered the same: a field, a right or a quota is wrong. Server-side apply answers 500 to a field that
 * its schema does not know, so that is told by its words.
 */
function isRefusal(error: unknown): error is KubeError {
  if (!(error instanceof KubeError)) return false;
  if (error.kind === 'invalid' || error.kind === 'unauthorized') return true;
  return error.status === 500 && error.message.includes('typed patch object');
}
