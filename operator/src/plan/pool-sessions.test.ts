import { incarnation } from '@streamhouse/core/ids.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import { describe, expect, test } from 'vitest';
import type { PlatformFacts } from './pool-facts.ts';
import { member, poolResource } from './pool.test-support.ts';
import { rivalOf } from './pool-rivals.ts';
import { joinFacts } from './pool-sessions.ts';

function agentSession(
  id: number,
  agentId: string,
  change: Partial<AgentSession> = {},
): AgentSession {
  return {
    incarnation: incarnation(id),
    agentId,
    pool: 'default',
    zone: 'default',
    address: `${agentId}:9090`,
    managedTopics: [],
    startedAtMs: 1_000 * id,
    isDraining: false,
    beat: 1,
    ...change,
  };
}

function platform(ended: readonly (number | undefined)[], absent: string[] = []): PlatformFacts {
  const members = ended.map((endedBeforeMs, ordinal) => {
    const { session: _, ...one } = member(ordinal);
    return { ...one, endedBeforeMs };
  });
  return { wanted: [], sets: [], members, absent };
}

describe('joinFacts', () => {
  const sessions = [
    agentSession(5, 'default-0'),
    agentSession(6, 'default-1', { isDraining: true }),
    agentSession(7, 'elsewhere'),
  ];
  const counts = [
    { holder: incarnation(6), partitions: 3 },
    { holder: undefined, partitions: 2 },
  ];
  const drainingSinceMs = new Map([[incarnation(6), 100]]);
  const known = { sessions, counts, drainingSinceMs, nowMs: 350 };

  test('gives each member its session with what it holds and how long it drains', () => {
    const facts = joinFacts(platform([undefined, undefined, undefined]), known);
    expect(facts.members.map(({ session }) => session)).toEqual([
      { incarnation: 5, isDraining: false, drainingMs: 0, leases: 0 },
      { incarnation: 6, isDraining: true, drainingMs: 250, leases: 3 },
      undefined,
    ]);
    expect(facts.metadata).toEqual({ gone: [], unheld: 2 });
  });

  test('names sessions of processes that have ended, and no later ones', () => {
    expect(joinFacts(platform([5_001, 6_000]), known).metadata?.gone).toEqual([5]);
  });

  test('names sessions of agents that are absent, and of nobody who was not asked about', () => {
    expect(joinFacts(platform([], ['default-1']), known).metadata?.gone).toEqual([6]);
  });

  test('knows no session while Postgres is away', () => {
    const facts = joinFacts(platform([9_000]), undefined);
    expect(facts.metadata).toBeUndefined();
    expect(facts.members[0]?.session).toBeUndefined();
  });
});

describe('rivalOf', () => {
  const older = { namespace: 'a', uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const younger = { namespace: 'b', uid: 'u0', creationTimestamp: '2026-01-02T00:00:00Z' };

  test('is the older pool of the name, in another namespace', () => {
    const first = poolResource({}, older);
    const second = poolResource({}, younger);
    expect(rivalOf(second, [first, second])).toBe(first);
    expect(rivalOf(first, [first, second])).toBeUndefined();
  });

  test('is one whose agents would have the same names', () => {
    const zoned = poolResource({ zones: ['eu'] }, { ...older, name: 'x' });
    const named = poolResource({}, { ...younger, name: 'x-eu' });
    expect(rivalOf(named, [zoned, named])).toBe(zoned);
  });

  test('is none in the same namespace, where the API server keeps names apart', () => {
    const one = poolResource({}, { ...older, name: 'x' });
    const other = poolResource({}, { ...younger, namespace: 'a', name: 'y' });
    expect(rivalOf(other, [one, other])).toBeUndefined();
  });
});
