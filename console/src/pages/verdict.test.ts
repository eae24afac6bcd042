import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';

const AGENT = { agent_id: 'agent-0', status: 'healthy', active_leases: 4 } as const;
const REACHED = { fault: undefined, cluster: { partitions_count: 4 } } as const;

test('all is well when agents serve and each partition has a leader', () => {
  expect(verdictOf({ ...REACHED, agents: [AGENT] })).toEqual({
    tone: 'good',
    text: 'Healthy: 1 agent, 4 partitions, each with a leader',
    to: undefined,
  });
});

test('what is not known is not called healthy', () => {
  expect(verdictOf({ ...REACHED, agents: undefined }).tone).toBe('none');
  expect(verdictOf({ ...REACHED, agents: [AGENT], cluster: undefined }).tone).toBe('none');
  expect(verdictOf({ ...REACHED, agents: [AGENT], fault: 'no way there' })).toMatchObject({
    ...{ tone: 'bad', text: 'Unknown: no way there' },
  });
});

test('a stale agent is named, and its leases count no more', () => {
  const gone = { ...AGENT, agent_id: 'agent-1', status: 'stale' } as const;
  expect(verdictOf({ ...REACHED, agents: [AGENT, gone] })).toEqual({
    tone: 'warn',
    text: 'Degraded: 1 agent stale (agent-1)',
    to: '/agents',
  });
  expect(verdictOf({ ...REACHED, agents: [gone] }).tone).toBe('bad');
});

test('partitions without a leader are counted', () => {
  const few = { ...AGENT, active_leases: 1 };
  expect(verdictOf({ ...REACHED, agents: [few] })).toEqual({
    tone: 'warn',
    text: 'Degraded: 3 partitions without a leader',
    to: '/topics',
  });
});
