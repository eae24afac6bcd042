import type { StreamError } from '@streamhouse/core/errors.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { SETTINGS, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { onTestFinished } from 'vitest';
import {
  startTestAgent,
  temporaryRoot,
  type TestAgent,
  type TestAgentOptions,
  until,
} from './agent.test-support.ts';
import { type AssignedTopic, enterAll, TestMember } from './group-member.test-support.ts';

/** The group of a test that needs one only. */
export const GROUP = 'analytics';

export interface GroupStage {
  readonly database: TestDatabase;
  /** Resolves when the agent is ready. It is gone when the test is over. */
  start(agentId?: string, options?: Partial<TestAgentOptions>): Promise<TestAgent>;
}

/** A database and an object store for one test. */
export async function openGroupStage(): Promise<GroupStage> {
  const parts = new AsyncDisposableStack();
  onTestFinished(() => parts.disposeAsync());
  const database = parts.use(await createTestDatabase());
  const { path: root } = parts.use(await temporaryRoot());
  return {
    database,
    async start(agentId = 'agent-0', options = {}) {
      const agent = await startTestAgent({ url: database.url, root, agentId, ...options });
      onTestFinished(() => agent[Symbol.asyncDispose]());
      await until(async () => (await agent.get('/ready')).status === 200);
      return agent;
    },
  };
}

export function createTopic(agent: TestAgent, partitions = 4): Promise<AssignedTopic> {
  return agent.metadata.topics.create('orders', partitions, SETTINGS, soon());
}

export async function twoMembers(
  agent: TestAgent,
  topic: AssignedTopic,
): Promise<[TestMember, TestMember]> {
  // Longer than the test: whoever is given up was not silent.
  const options = { sessionTimeoutMs: 60_000 };
  const members: [TestMember, TestMember] = [
    new TestMember(agent, GROUP, options),
    new TestMember(agent, GROUP, options),
  ];
  await enterAll(topic, members);
  return members;
}

export function errorOf(call: Promise<unknown>): Promise<StreamError> {
  return call.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: StreamError) => error,
  );
}

export async function reasonOf(call: Promise<unknown>): Promise<string> {
  const { kind, reason } = await errorOf(call);
  return `${kind} ${reason}`;
}
