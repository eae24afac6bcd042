/** A pool whose agents do at once what a plan asks for, in the order in which a cluster does it. */
import { AGENT_POOL, type AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { withDefaults } from '@streamhouse/api/crd/check.ts';
import { incarnation } from '@streamhouse/core/ids.ts';
import { type PoolDecisions, planPool } from './agent-pool.ts';
import { type PoolFacts, type PoolMember, type PoolSet, sharesOf } from './pool-facts.ts';

export function poolResource(spec: object = {}, metadata: object = {}): AgentPoolResource {
  return withDefaults(AGENT_POOL, {
    apiVersion: 'streamhouse.io/v1alpha1',
    kind: 'AgentPool',
    metadata: {
      name: 'default',
      namespace: 'shop',
      uid: 'uid-default',
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...metadata,
    },
    spec,
  });
}

export function member(ordinal: number, change: Partial<PoolMember> = {}): PoolMember {
  const zone = change.zone ?? '';
  return {
    zone,
    ordinal,
    agentId: `default${zone === '' ? '' : `-${zone}`}-${ordinal}`,
    revision: 'a',
    isReady: true,
    isStopping: false,
    unreadyMs: 0,
    trouble: undefined,
    session: session(ordinal + 1),
    ...change,
  };
}

export function session(
  id: number,
  change: Partial<NonNullable<PoolMember['session']>> = {},
): NonNullable<PoolMember['session']> {
  return { incarnation: incarnation(id), isDraining: false, drainingMs: 0, leases: 4, ...change };
}

export function set(replicas: number, change: Partial<PoolSet> = {}): PoolSet {
  return { zone: '', replicas, partition: 0, revision: 'a', isObserved: true, ...change };
}

/** Facts of a pool without zones that has settled, unless `change` says otherwise. */
export function factsOf(
  resource: AgentPoolResource,
  revision: string,
  change: Partial<PoolFacts> = {},
): PoolFacts {
  const { replicas, zones } = resource.spec;
  const shares = sharesOf(replicas, zones);
  return {
    wanted: shares.map((share) => ({ ...share, revision })),
    sets: shares.map(({ zone, replicas: count }) => set(count, { zone })),
    members: shares.flatMap(({ zone, replicas: count }) =>
      Array.from({ length: count }, (_, ordinal) => member(ordinal, { zone })),
    ),
    metadata: { gone: [], unheld: 0 },
    ...change,
  };
}

/** Which agents of a new revision become ready. */
type Works = (member: PoolMember) => boolean;

/** A cluster: keeps sets, replaces what their partitions say, and hands leases over. */
export class World {
  sets: PoolSet[] = [];
  members: PoolMember[] = [];
  /** Every agent that ever went while it held leases and was not past its time. */
  readonly lost: string[] = [];
  #incarnations = 100;

  facts(resource: AgentPoolResource, revision: string): PoolFacts {
    const { sets, members } = this;
    return { ...factsOf(resource, revision), sets, members };
  }

  /** One round: gather, plan, apply. Nothing else moves. */
  reconcile(resource: AgentPoolResource, revision: string): PoolDecisions {
    const decisions = planPool(resource, this.facts(resource, revision));
    this.sets = decisions.sets.map((one) => {
      const isWanted = sharesOf(resource.spec.replicas, resource.spec.zones).some(
        ({ zone }) => zone === one.zone,
      );
      const live = this.sets.find(({ zone }) => zone === one.zone);
      return { ...one, revision: isWanted ? revision : (live?.revision ?? ''), isObserved: true };
    });
    const drained = new Set(decisions.drain);
    this.members = this.members.map((one) =>
      one.session !== undefined && drained.has(one.session.incarnation)
        ? { ...one, session: { ...one.session, isDraining: true } }
        : one,
    );
    const replaced = new Set(decisions.replace);
    this.members = this.members.filter((one) => !replaced.has(one));
    return decisions;
  }

  /** The cluster does one thing, chosen by `choice`, or nothing when it has come to rest. */
  move(choice: number, works: Works = () => true): boolean {
    const moves = this.#moves(works);
    if (moves.length === 0) return false;
    moves[choice % moves.length]?.();
    return true;
  }

  #moves(works: Works): (() => void)[] {
    const moves: (() => void)[] = [];
    for (const one of this.sets) {
      const present = this.members.filter(({ zone }) => zone === one.zone);
      for (let ordinal = 0; ordinal < one.replicas; ordinal++) {
        if (present.every((other) => other.ordinal !== ordinal))
          moves.push(() => this.#start(one, ordinal));
      }
      const surplus = present.find(({ ordinal }) => ordinal >= one.replicas);
      if (surplus !== undefined) moves.push(() => this.#end(surplus));
      const outdated = present.findLast(
        ({ ordinal, revision }) => ordinal >= one.partition && revision !== one.revision,
      );
      const broken = present.some(
        ({ ordinal, revision, isReady }) =>
          ordinal >= one.partition && revision === one.revision && !isReady,
      );
      if (outdated !== undefined && !broken) moves.push(() => this.#end(outdated));
    }
    for (const one of this.members) {
      if (!one.isReady && works(one)) moves.push(() => this.#become(one, { isReady: true }));
      const { session: life } = one;
      if (life?.isDraining === true && life.leases > 0)
        moves.push(() => this.#become(one, { session: { ...life, leases: life.leases - 1 } }));
    }
    return moves;
  }

  #start({ zone, partition, revision }: PoolSet, ordinal: number): void {
    const old = this.members.find((one) => one.zone === zone && one.revision !== revision);
    const given = ordinal >= partition ? revision : (old?.revision ?? revision);
    const life = session(this.#incarnations++, { leases: 2 });
    this.members = [
      ...this.members,
      member(ordinal, { zone, revision: given, isReady: false, session: life }),
    ].toSorted((a, b) => a.ordinal - b.ordinal);
  }

  #end(gone: PoolMember): void {
    const { zone, ordinal, agentId, session: life } = gone;
    const isSurplus = this.sets.some((one) => one.zone === zone && ordinal >= one.replicas);
    if (isSurplus && (life?.leases ?? 0) > 0) this.lost.push(agentId);
    this.members = this.members.filter((one) => one !== gone);
  }

  #become(one: PoolMember, change: Partial<PoolMember>): void {
    this.members = this.members.map((other) => (other === one ? { ...one, ...change } : other));
  }
}
