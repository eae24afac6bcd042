import { AGENT_POOL_CONDITIONS, type AgentPoolStatus } from '@streamhouse/api/crd/agent-pool.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planPool } from './agent-pool.ts';
import type { PoolFacts, PoolMember } from './pool-facts.ts';
import { factsOf, member, poolResource, session, set } from './pool.test-support.ts';
import { type PoolChange, poolChange, type PoolProblem } from './pool-status.ts';

interface Case {
  readonly spec?: object;
  readonly facts?: Partial<PoolFacts>;
  readonly revision?: string;
  readonly problems?: readonly PoolProblem[];
  readonly before?: AgentPoolStatus;
}

const SETTLED: AgentPoolStatus = { currentRevision: 'a', updateRevision: 'a' };

function changeFor(given: Case): PoolChange {
  const { spec = {}, facts: known = {}, revision = 'a', problems = [], before = SETTLED } = given;
  const pool = { ...poolResource(spec), status: before };
  const facts = factsOf(pool, revision, known);
  const decisions = planPool(pool, facts);
  return poolChange(pool, { facts, decisions, problems, selector: 'a=b' }, 1_700_000_000_000);
}

/** As in `Ready=True/Ready`. */
function found(given: Case): readonly string[] {
  const { conditions = [] } = changeFor(given).status;
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}

const READY = 'Ready=True/Ready';
const NOT_READY = 'Ready=False/AgentsNotReady';
const AT_REST = 'Progressing=False/Settled';
const HEALTHY = 'Degraded=False/Healthy';
const unready = (ordinal: number, change: Partial<PoolMember> = {}): PoolMember =>
  member(ordinal, { isReady: false, unreadyMs: 1_000, session: undefined, ...change });
const two = [member(0), member(1)];

const CASES: readonly (readonly [string, Case, readonly string[]])[] = [
  ['all is well', {}, [READY, AT_REST, HEALTHY]],
  ['a pool of none', { spec: { replicas: 0 } }, [READY, AT_REST, HEALTHY]],
  [
    'agents are missing',
    { facts: { members: two } },
    [NOT_READY, 'Progressing=True/Scaling', HEALTHY],
  ],
  ['one is not ready', { facts: { members: [...two, unready(2)] } }, [NOT_READY, AT_REST, HEALTHY]],
  [
    'Postgres is away',
    { facts: { metadata: undefined } },
    ['Ready=Unknown/MetadataUnreachable', AT_REST, HEALTHY],
  ],
  [
    'agents are to go',
    { spec: { replicas: 2 }, facts: { sets: [set(3)], members: [...two, member(2)] } },
    [READY, 'Progressing=True/Draining', HEALTHY],
  ],
  ['a rollout goes on', { revision: 'b' }, [READY, 'Progressing=True/RollingOut', HEALTHY]],
  [
    'a rollout is paused',
    { revision: 'b', spec: { rollout: { paused: true } } },
    [READY, 'Progressing=False/RolloutPaused', HEALTHY],
  ],
  [
    'a replaced agent cannot start',
    {
      revision: 'b',
      facts: {
        members: [
          ...two,
          unready(2, { revision: 'b', trouble: { kind: 'failing', message: 'ErrImagePull' } }),
        ],
      },
    },
    [NOT_READY, 'Progressing=False/RolloutStuck', 'Degraded=True/RolloutStuck'],
  ],
  [
    'a replaced agent takes too long',
    { revision: 'b', facts: { members: [...two, unready(2, { revision: 'b', unreadyMs: 1e6 })] } },
    [NOT_READY, 'Progressing=False/RolloutStuck', 'Degraded=True/RolloutStuck'],
  ],
  [
    'an agent fails long after its rollout',
    { facts: { members: [...two, unready(2, { unreadyMs: 1e6 })] } },
    [NOT_READY, AT_REST, HEALTHY],
  ],
  [
    'the Secret is missing',
    {
      facts: {
        members: [...two, unready(2, { trouble: { kind: 'secretMissing', message: 'no secret' } })],
      },
    },
    [NOT_READY, AT_REST, 'Degraded=True/SecretMissing'],
  ],
  [
    'an object is refused, and another one is somebody else’s',
    {
      problems: [
        { kind: 'childRefused', message: 'quota' },
        { kind: 'nameConflict', message: 'taken' },
      ],
    },
    [READY, AT_REST, 'Degraded=True/NameConflict'],
  ],
  [
    'an object is refused',
    { problems: [{ kind: 'childRefused', message: 'quota' }] },
    [READY, AT_REST, 'Degraded=True/ChildRefused'],
  ],
];

describe('conditions', () => {
  test.each(CASES)('when %s', (_, given, expected) => {
    expect(found(given)).toEqual(expected);
  });

  test('name the image that agents keep although their operator has another one', () => {
    const says = (facts: Partial<PoolFacts>): string | undefined =>
      changeFor({ facts }).status.conditions?.find(({ type }) => type === 'Progressing')?.message;
    expect(says({ keptImage: 'streamhouse:1' })).toContain('keep the image streamhouse:1');
    expect(says({})).toBe('the pool is as the spec says');
  });

  test('are one of each, with reasons of the table and messages that fit', () => {
    const anyMember = fc.record({
      ordinal: fc.integer({ min: 0, max: 4 }),
      revision: fc.constantFrom('a', 'b'),
      isReady: fc.boolean(),
      isStopping: fc.boolean(),
      unreadyMs: fc.constantFrom(0, 1e6),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(anyMember, { selector: ({ ordinal }) => ordinal, maxLength: 5 }),
        fc.record({ replicas: fc.nat(4), rollout: fc.record({ paused: fc.boolean() }) }),
        fc.constantFrom('a', 'b'),
        (members, spec, revision) => {
          const facts = { members: members.map((one) => member(one.ordinal, one)) };
          const { conditions = [] } = changeFor({ spec, facts, revision }).status;
          expect(conditions.map(({ type }) => type)).toEqual(Object.keys(AGENT_POOL_CONDITIONS));
          for (const { type, reason, message } of conditions) {
            const { reasons } = AGENT_POOL_CONDITIONS[type as keyof typeof AGENT_POOL_CONDITIONS];
            expect(Object.keys(reasons)).toContain(reason);
            expect(message.length).toBeLessThan(4_096);
          }
        },
      ),
    );
  });
});

describe('the status', () => {
  test('counts agents and what they hold', () => {
    const members = [member(0), member(1, { revision: 'b' }), unready(2, { session: session(9) })];
    expect(changeFor({ revision: 'b', facts: { members } }).status).toMatchObject({
      replicas: 3,
      readyReplicas: 2,
      updatedReplicas: 1,
      drainingReplicas: 0,
      leases: 12,
      selector: 'a=b',
      currentRevision: 'a',
      updateRevision: 'b',
      observedGeneration: 1,
    });
  });

  test('takes the revision over once all agents are ready with it', () => {
    const members = [0, 1, 2].map((ordinal) => member(ordinal, { revision: 'b' }));
    const revisionWith = (facts: Partial<PoolFacts>): string | undefined =>
      changeFor({ revision: 'b', facts }).status.currentRevision;
    expect(revisionWith({ members })).toBe('b');
    expect(revisionWith({ members: members.slice(1) })).toBe('a');
  });

  test('is the same when nothing has changed, and says nothing', () => {
    const first = changeFor({});
    const again = changeFor({ before: first.status });
    expect(again.status).toEqual(first.status);
    expect(again.events).toEqual([]);
  });

  test('keeps the leases that were known while Postgres is away', () => {
    const before = { ...SETTLED, leases: 7 };
    expect(changeFor({ facts: { metadata: undefined }, before }).status.leases).toBe(7);
  });
});

describe('events', () => {
  test('tell what has become otherwise, as a warning when it needs a person', () => {
    const { status } = changeFor({});
    const problems = [{ kind: 'nameConflict', message: 'taken' }] as const;
    const { events } = changeFor({ before: status, problems, revision: 'b' });
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal RollingOut',
      'Warning NameConflict',
    ]);
  });
});
