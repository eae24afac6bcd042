/** Which session is which member's, and which sessions are of nobody any more. Pure. */
import type { Incarnation } from '@streamhouse/core/ids.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import type { LeaseCount } from '@streamhouse/store/metadata/leases.ts';
import type {
  MemberSession,
  PlatformFacts,
  PlatformMember,
  PoolFacts,
  PoolMember,
} from './pool-facts.ts';

/** What Postgres says of a pool. */
export interface PoolSessions {
  /** Live ones of agents of the pool. */
  readonly sessions: readonly AgentSession[];
  readonly counts: readonly LeaseCount[];
  /** When each session was first seen draining, in monotonic milliseconds. */
  readonly drainingSinceMs: ReadonlyMap<Incarnation, number>;
  readonly nowMs: number;
}

export function joinFacts(platform: PlatformFacts, known: PoolSessions | undefined): PoolFacts {
  const { members, absent: _, ...facts } = platform;
  const live = (known?.sessions ?? []).toSorted((a, b) => a.incarnation - b.incarnation);
  const byAgent = new Map(live.map((session) => [session.agentId, session]));
  return {
    ...facts,
    members: members.map((member) => withSession(member, byAgent.get(member.agentId), known)),
    metadata: known && { gone: goneOf(platform, live), unheld: unheldOf(known) },
  };
}

function withSession(
  platformMember: PlatformMember,
  session: AgentSession | undefined,
  known: PoolSessions | undefined,
): PoolMember {
  const { endedBeforeMs: _, ...member } = platformMember;
  const isKnown = session !== undefined && known !== undefined;
  return { ...member, session: isKnown ? memberSession(session, known) : undefined };
}

function memberSession(
  { incarnation, isDraining }: AgentSession,
  { counts, drainingSinceMs, nowMs }: PoolSessions,
): MemberSession {
  const since = drainingSinceMs.get(incarnation);
  return {
    incarnation,
    isDraining,
    drainingMs: isDraining && since !== undefined ? nowMs - since : 0,
    leases: counts.find(({ holder }) => holder === incarnation)?.partitions ?? 0,
  };
}

function goneOf({ members, absent }: PlatformFacts, live: readonly AgentSession[]): Incarnation[] {
  const ended = new Map(members.map((member) => [member.agentId, member.endedBeforeMs]));
  const missing = new Set(absent);
  return live.flatMap(({ agentId, incarnation, startedAtMs }) =>
    missing.has(agentId) || startedAtMs < (ended.get(agentId) ?? 0) ? [incarnation] : [],
  );
}

function unheldOf({ counts }: PoolSessions): number {
  return counts.find(({ holder }) => holder === undefined)?.partitions ?? 0;
}
