import { AGENT_POOL, type AgentPoolSpec } from '@streamhouse/api/crd/agent-pool.ts';
import { withDefaults } from '@streamhouse/api/crd/check.ts';
import { expect, test } from 'vitest';
import { agentEnvironment, revisionOf } from './agent-environment.ts';

function specOf(spec: object): AgentPoolSpec {
  return withDefaults(AGENT_POOL, { spec }).spec;
}

test('says nothing of what the resource leaves at its default', () => {
  expect(agentEnvironment('night', '', specOf({}))).toEqual({ AGENT_GROUP: 'night' });
});

test('says what the resource says, in the words of agents', () => {
  const agent = {
    heartbeatInterval: '500ms',
    flush: { maxPutsPerSecond: 20, maxBytes: '1Mi' },
    managedTopics: ['a', 'b'],
    logLevel: 'debug',
  };
  expect(agentEnvironment('night', 'eu-1a', specOf({ agent }))).toEqual({
    AGENT_GROUP: 'night',
    AGENT_ZONE: 'eu-1a',
    HEARTBEAT_INTERVAL: '500ms',
    // An agent's own would be three heartbeats.
    SESSION_TIMEOUT: '3000ms',
    FLUSH_MAX_PUTS_PER_SECOND: '20',
    FLUSH_MAX_BYTES: '1048576',
    MANAGED_TOPICS: 'a,b',
    LOG_LEVEL: 'debug',
  });
});

test('the revision follows what reaches the agents, and a restart that is asked for', () => {
  const revision = (spec: object): string => {
    const whole = specOf(spec);
    return revisionOf(agentEnvironment('night', '', whole), whole);
  };
  const before = revision({ replicas: 3 });
  expect(revision({ replicas: 5, image: 'other', resources: {} })).toBe(before);
  expect(revision({ agent: { logLevel: 'debug' } })).not.toBe(before);
  expect(revision({ rollout: { restartedAt: 'now' } })).not.toBe(before);
});
