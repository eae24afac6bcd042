/** Pools as StatefulSets. Follows these and their pods by label; the other objects are looked at when they are applied. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { type KubeApi, type KubeObject, keyOf, type ResourceType } from '../kube/kube-api.ts';
import { Reflector } from '../kube/reflector.ts';
import { type Change, ResourceCache } from '../kube/resource-cache.ts';
import type { PoolDecisions, SetDecision } from '../plan/agent-pool.ts';
import { setChild, sharedChildren } from '../plan/children/children.ts';
import { imageOf, type PoolInstall } from '../plan/children/kept-image.ts';
import { POD, STATEFUL_SET } from '../plan/children/kube-types.ts';
import { AGENT_SELECTOR, selectorOf, selectorText, setName } from '../plan/children/names.ts';
import { podTemplate, revisionOf } from '../plan/children/pod.ts';
import {
  type PlatformFacts,
  type PlatformMember,
  type PoolMember,
  sharesOf,
} from '../plan/pool-facts.ts';
import type { PoolProblem } from '../plan/pool-status.ts';
import { ChildWriter } from './child-writer.ts';
import {
  controllerOf,
  givenImageOf,
  memberOf,
  type OwnedObject,
  type Pod,
  poolKeyOf,
  type StatefulSet,
  setOf,
} from './pod-facts.ts';
import type { PoolBackend } from './pool-backend.ts';

export interface KubernetesPoolsOptions {
  readonly kube: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly install: PoolInstall;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly onError: (error: unknown, type: ResourceType) => void;
  readonly onWatch: (type: ResourceType) => void;
}

export class KubernetesPools implements PoolBackend {
  readonly #options: KubernetesPoolsOptions;
  readonly #sets = poolCache<StatefulSet>();
  readonly #pods = poolCache<Pod>(trimPod);
  readonly #reflectors: readonly (Reflector<StatefulSet> | Reflector<Pod>)[];
  readonly #writer: ChildWriter;
  #onChange: (key: string) => void = () => {};

  constructor(options: KubernetesPoolsOptions) {
    this.#options = options;
    this.#writer = new ChildWriter(options.kube, options.clock);
    this.#reflectors = (options.namespaces ?? [undefined]).flatMap((namespace) => [
      this.#reflector(STATEFUL_SET, this.#sets, namespace),
      this.#reflector(POD, this.#pods, namespace),
    ]);
  }

  get isSynced(): boolean {
    return this.#reflectors.every(({ isSynced }) => isSynced);
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.synced(signal)));
  }

  get lastActivityMs(): number {
    return Math.min(...this.#reflectors.map(({ lastActivityMs }) => lastActivityMs));
  }

  async watch(onChange: (key: string) => void, signal: AbortSignal): Promise<void> {
    this.#onChange = onChange;
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  async gather(
    pool: AgentPoolResource,
    agentIds: readonly string[],
    signal: AbortSignal,
  ): Promise<PlatformFacts> {
    const { clock, install } = this.#options;
    const sets = this.#setsOf(pool);
    const members = this.#membersOf(pool, clock.wallMs());
    const image = imageOf(pool, sets.map(givenImageOf), install);
    return {
      wanted: sharesOf(pool.spec.replicas, pool.spec.zones).map((share) => ({
        ...share,
        revision: revisionOf(podTemplate(pool, share.zone, { ...install, image })),
      })),
      ...(image === imageOf(pool, [], install) ? {} : { keptImage: image }),
      sets: sets.map(setOf),
      members,
      absent: await this.#absentOf(pool, sets, members, agentIds, signal),
    };
  }

  async apply(
    pool: AgentPoolResource,
    decisions: PoolDecisions,
    signal: AbortSignal,
  ): Promise<readonly PoolProblem[]> {
    const sets = this.#setsOf(pool);
    const problems: PoolProblem[] = [];
    for (const child of sharedChildren(pool))
      problems.push(...(await this.#writer.apply(pool, child, undefined, signal)));
    for (const set of decisions.sets)
      problems.push(...(await this.#applySet(pool, set, sets, signal)));
    for (const zone of decisions.remove) await this.#remove(setOfZone(sets, zone), signal);
    for (const member of decisions.replace)
      await this.#end(`${pool.metadata.namespace}/${member.agentId}`, member, signal);
    return problems;
  }

  selectorOf({ metadata }: AgentPoolResource): string {
    return selectorText(selectorOf(metadata.name));
  }

  forget(key: string): void {
    this.#writer.forget(key);
  }

  #setsOf(pool: AgentPoolResource): readonly StatefulSet[] {
    const { uid } = pool.metadata;
    return this.#sets
      .byIndex('pool', keyOf(pool.metadata))
      .filter((set) => controllerOf(set) === uid && set.metadata.deletionTimestamp === undefined);
  }

  /** Also pods whose set is gone: they end, and their sessions with them. */
  #membersOf(pool: AgentPoolResource, nowMs: number): readonly PlatformMember[] {
    return this.#pods
      .byIndex('pool', keyOf(pool.metadata))
      .flatMap((pod) => memberOf(pod, nowMs) ?? [])
      .toSorted((a, b) => (a.zone === b.zone ? a.ordinal - b.ordinal : a.zone < b.zone ? -1 : 1));
  }

  async #applySet(
    pool: AgentPoolResource,
    set: SetDecision,
    sets: readonly StatefulSet[],
    signal: AbortSignal,
  ): Promise<readonly PoolProblem[]> {
    const known = setOfZone(sets, set.zone);
    const { zones } = pool.spec;
    const isAsked = zones.length === 0 ? set.zone === '' : zones.includes(set.zone);
    if (!isAsked) {
      // What the spec no longer names keeps its pods as they are and only shrinks.
      if (known !== undefined && setOf(known).replicas !== set.replicas)
        await this.#shrink(known, set.replicas, signal);
      return [];
    }
    const child = setChild(pool, set, this.#options.install, sets.map(givenImageOf));
    return await this.#writer.apply(pool, child, { known }, signal);
  }

  /** A cache may not have heard of a pod that registered an agent a moment ago, so the API server is asked. */
  async #absentOf(
    pool: AgentPoolResource,
    sets: readonly StatefulSet[],
    members: readonly PlatformMember[],
    agentIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { kube } = this.#options;
    const { name, namespace } = pool.metadata;
    const present = new Set(members.map(({ agentId }) => agentId));
    const zones = pool.spec.zones.length === 0 ? [''] : pool.spec.zones;
    const names = new Set([
      ...zones.map((zone) => setName(name, zone)),
      ...sets.map(({ metadata }) => metadata.name),
    ]);
    const absent: string[] = [];
    for (const agentId of agentIds) {
      if (present.has(agentId) || !names.has(agentId.replace(/-\d+$/, ''))) continue;
      const pod = await kube.get(POD, { namespace, name: agentId }, signal);
      if (pod === undefined) absent.push(agentId);
    }
    return absent;
  }

  async #shrink({ metadata }: StatefulSet, replicas: number, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata;
    const patch = { metadata: { uid, resourceVersion }, spec: { replicas } };
    await this.#options.kube.mergePatch(STATEFUL_SET, refTo(metadata), patch, {}, signal);
  }

  async #remove(set: StatefulSet | undefined, signal: AbortSignal): Promise<void> {
    if (set === undefined) return;
    const { uid, resourceVersion } = set.metadata;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    await this.#options.kube.delete(STATEFUL_SET, refTo(set.metadata), preconditions, signal);
  }

  /** The pod that was looked at and no later one of its name. */
  async #end(key: string, { revision }: PoolMember, signal: AbortSignal): Promise<void> {
    const pod = this.#pods.get(key);
    const uid = pod?.metadata.uid;
    if (pod === undefined || uid === undefined) return;
    if (memberOf(pod, 0)?.revision !== revision) return;
    await this.#options.kube.delete(POD, refTo(pod.metadata), { uid }, signal);
  }

  #reflector<T extends OwnedObject>(
    type: ResourceType,
    cache: ResourceCache<T, 'pool'>,
    namespace: string | undefined,
  ): Reflector<T> {
    const { kube, clock, random, onError, onWatch } = this.#options;
    return new Reflector<T>({
      ...{ kube, type, cache, clock, random, onError, onWatch },
      labelSelector: AGENT_SELECTOR,
      ...(namespace === undefined ? {} : { namespace }),
      onChange: (change) => this.#tell(change),
    });
  }

  #tell({ before, after }: Change<OwnedObject>): void {
    const object = after ?? before;
    const key = object === undefined ? undefined : poolKeyOf(object);
    if (key !== undefined) this.#onChange(key);
  }
}

function setOfZone(sets: readonly StatefulSet[], zone: string): StatefulSet | undefined {
  return sets.find((set) => setOf(set).zone === zone);
}

function poolCache<T extends OwnedObject>(trim?: (object: T) => T): ResourceCache<T, 'pool'> {
  return new ResourceCache<T, 'pool'>({
    ...(trim === undefined ? {} : { trim }),
    indexes: { pool: (object) => [poolKeyOf(object) ?? ''] },
  });
}

/** Pods have large specs that nobody here reads. */
function trimPod({ metadata, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata;
  const { labels, annotations } = metadata;
  const kept = { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp };
  return {
    metadata: definedOf({ ...kept, labels, annotations }),
    ...(status === undefined ? {} : { status }),
  };
}

function definedOf(metadata: { [Field in keyof Pod['metadata']]: unknown }): Pod['metadata'] {
  const fields = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields) as unknown as Pod['metadata'];
}

function refTo({ namespace, name }: KubeObject['metadata']): { namespace?: string; name: string } {
  return namespace === undefined ? { name } : { namespace, name };
}
