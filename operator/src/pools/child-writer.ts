/** Applies the objects of pools: never one that is something else's, and none that is as it was applied already. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { type KubeApi, KubeError, keyOf } from '../kube/kube-api.ts';
import type { Child } from '../plan/children/kube-types.ts';
import { APPLIED_ANNOTATION, MANAGED_BY } from '../plan/children/names.ts';
import type { PoolProblem } from '../plan/pool-status.ts';
import { controllerOf, type OwnedObject } from './pod-facts.ts';

/** After this time an object that was as applied is looked at again: somebody may have deleted it. */
const LOOK_AGAIN_MS = 60_000;

/** What a cache shows of an object. */
export interface KnownObject {
  readonly known: OwnedObject | undefined;
  /** A field that others may set, such as the replicas of a set, is not what was applied. */
  readonly isTouched: boolean;
}

interface Seen {
  readonly applied: string;
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

  /** Without `cached` the API server is asked what there is. @returns what a person has to mend. */
  async apply(
    pool: AgentPoolResource,
    child: Child,
    cached: KnownObject | undefined,
    signal: AbortSignal,
  ): Promise<readonly PoolProblem[]> {
    const { type, object } = child;
    const applied = object.metadata.annotations[APPLIED_ANNOTATION] ?? '';
    if (cached === undefined && this.#isFresh(pool, child, applied)) return [];
    const { namespace, name } = object.metadata;
    const live =
      cached?.known ?? (await this.#kube.get<OwnedObject>(type, { namespace, name }, signal));
    if (live !== undefined && controllerOf(live) !== pool.metadata.uid) {
      const message = `${type.kind} ${namespace}/${name} exists and does not belong to this pool: rename or delete one of the two`;
      return [{ kind: 'nameConflict', message }];
    }
    const isSame = live?.metadata.annotations?.[APPLIED_ANNOTATION] === applied;
    if (isSame && cached?.isTouched !== true) {
      this.#remember(pool, child, applied);
      return [];
    }
    const problem = await this.#write(child, live, signal);
    if (problem !== undefined) return [problem];
    this.#remember(pool, child, applied);
    return [];
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
  ): Promise<PoolProblem | undefined> {
    const uid = live?.metadata.uid;
    const body = uid === undefined ? object : { ...object, metadata: { ...object.metadata, uid } };
    const options = { fieldManager: MANAGED_BY, force: live !== undefined };
    try {
      await this.#kube.apply(type, body, options, signal);
      return undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const { namespace, name } = object.metadata;
      const message = `the API server refused ${type.kind} ${namespace}/${name}: ${error.message}`;
      return { kind: 'childRefused', message: message.slice(0, 2_000) };
    }
  }

  #isFresh(pool: AgentPoolResource, child: Child, applied: string): boolean {
    const seen = this.#seen.get(keyOf(pool.metadata))?.get(nameOf(child));
    return seen?.applied === applied && this.#clock.monotonicMs() - seen.atMs < LOOK_AGAIN_MS;
  }

  #remember(pool: AgentPoolResource, child: Child, applied: string): void {
    const key = keyOf(pool.metadata);
    const ofPool = this.#seen.get(key) ?? new Map<string, Seen>();
    ofPool.set(nameOf(child), { applied, atMs: this.#clock.monotonicMs() });
    this.#seen.set(key, ofPool);
  }
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
