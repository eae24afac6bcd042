/** What is known of a pool, wherever its agents run: as pods of Kubernetes or as processes of one machine. */
import type { Incarnation } from '@streamhouse/core/ids.ts';

/** The agents of one zone, with ordinals from 0: a StatefulSet, or something that behaves as one. */
export interface PoolSet {
  /** Empty where the pool names no zones. */
  readonly zone: string;
  /** Ordinals below it are kept alive. */
  readonly replicas: number;
  /** Agents from this ordinal on are replaced until they have `revision`; below it lost ones come back as they were. */
  readonly partition: number;
  readonly revision: string;
  /** Whether whoever keeps the agents alive has taken the three above in. */
  readonly isObserved: boolean;
}

/** One agent that exists, and what Postgres knows of it. */
export interface PoolMember {
  readonly zone: string;
  readonly ordinal: number;
  readonly agentId: string;
  readonly revision: string;
  readonly isReady: boolean;
  /** It was told to end, by whomever. */
  readonly isStopping: boolean;
  /** Since when it is not ready; 0 when it is. */
  readonly unreadyMs: number;
  /** Why it cannot start, when the platform says that it cannot. */
  readonly trouble: Trouble | undefined;
  /** Its live session; undefined while it has none. */
  readonly session: MemberSession | undefined;
}

export interface Trouble {
  readonly kind: 'secretMissing' | 'failing';
  /** A clause for people: `the image cannot be pulled: …`. */
  readonly message: string;
}

export interface MemberSession {
  readonly incarnation: Incarnation;
  readonly isDraining: boolean;
  /** How long it has been seen draining. */
  readonly drainingMs: number;
  /** Partitions that it holds. */
  readonly leases: number;
}

/** A set that the spec asks for, and the revision that its agents are to have. */
export interface WantedSet {
  readonly zone: string;
  readonly replicas: number;
  readonly revision: string;
}

export interface PoolFacts {
  /** Sorted by zone. */
  readonly wanted: readonly WantedSet[];
  readonly sets: readonly PoolSet[];
  readonly members: readonly PoolMember[];
  /** Image of the agents, where a pool of today would get another one: nothing but an upgrade of the operator changed. */
  readonly keptImage?: string;
  /** Undefined: Postgres could not be asked, and the sessions of the members are not known. */
  readonly metadata: PoolMetadata | undefined;
}

export interface PoolMetadata {
  /** Live sessions of agents whose process is known to be gone. */
  readonly gone: readonly Incarnation[];
  /** Partitions of the pool that no live agent holds. */
  readonly unheld: number;
}

/** A member as the platform knows it. */
export interface PlatformMember extends Omit<PoolMember, 'session'> {
  /**
   * Sessions of this agent that began before, in milliseconds since 1970, are of a process that has ended. Undefined while
   * its process runs: then its own registration has ended those.
   */
  readonly endedBeforeMs: number | undefined;
}

export interface PlatformFacts extends Pick<PoolFacts, 'wanted' | 'sets' | 'keptImage'> {
  readonly members: readonly PlatformMember[];
  /** Of the agents that were asked about: those of this pool that no process can have been when they were asked about. */
  readonly absent: readonly string[];
}

/** How many agents each zone gets: as even as can be, the first names the larger shares. Sorted; one of no name without zones. */
export function sharesOf(
  replicas: number,
  zones: readonly string[],
): readonly { readonly zone: string; readonly replicas: number }[] {
  const sorted = zones.length === 0 ? [''] : zones.toSorted();
  const least = Math.floor(replicas / sorted.length);
  const larger = replicas % sorted.length;
  return sorted.map((zone, place) => ({ zone, replicas: least + (place < larger ? 1 : 0) }));
}

/** Whether partitions can count on it. */
export function isServing(member: PoolMember | undefined): boolean {
  return member?.isReady === true && !member.isStopping;
}
