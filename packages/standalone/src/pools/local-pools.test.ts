import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { AGENT_POOL, type AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { withDefaults } from '@streamhouse/api/crd/check.ts';
import type { PoolDecisions } from '@streamhouse/operator/plan/agent-pool.ts';
import type { PlatformMember } from '@streamhouse/operator/plan/pool-facts.ts';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PortBook } from '../port-book.ts';
import { quietPort } from '../ports.ts';
import { isProcessAlive, pause } from '../process.ts';
import { STAND_IN_AGENT } from '../testing/stand-in-agent.test-support.ts';
import { temporaryFolder } from '../testing/temporary-folder.test-support.ts';
import { LocalPools } from './local-pools.ts';

// Real processes: a busy machine may need long to start them. Read when the tests below are declared.
vi.setConfig({ testTimeout: 60_000 });
afterAll(() => {
  vi.resetConfig();
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let base: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  base = await quietPort('127.0.0.1');
});
afterEach(() => folder[Symbol.asyncDispose]());

async function openPools(): Promise<LocalPools> {
  return new LocalPools(
    {
      folder: join(folder.path, 'agents'),
      program: STAND_IN_AGENT,
      agentPort: base,
      metricsPort: 0,
      isAutoPort: false,
      ports: await PortBook.open(join(folder.path, 'ports.json')),
      env: {},
    },
    { log: () => undefined, fence: () => Promise.resolve() },
  );
}

function poolOf(name: string, spec: object): AgentPoolResource {
  const metadata = { namespace: 'default', name };
  return withDefaults(AGENT_POOL, { metadata, spec }) as AgentPoolResource;
}

function decided(replicas: number, changes: Partial<PoolDecisions> = {}): PoolDecisions {
  return {
    sets: [{ zone: '', replicas, partition: 0 }],
    remove: [],
    drain: [],
    fence: [],
    replace: [],
    leaving: [],
    rollout: { outdated: 0, waitsFor: undefined },
    ...changes,
  };
}

async function untilMembers(
  pools: LocalPools,
  pool: AgentPoolResource,
  isSo: (members: readonly PlatformMember[]) => boolean,
  signal: AbortSignal,
): Promise<readonly PlatformMember[]> {
  for (;;) {
    const { members } = await pools.gather(pool);
    if (isSo(members)) return members;
    await pause(10, signal);
  }
}

test('a scaled pool keeps its agents, and an ordinal its ports', async ({ signal }) => {
  await using pools = await openPools();
  const pool = poolOf('default', { replicas: 1 });
  await pools.startReady(pool, signal);
  const [first] = pools.agents;
  expect(first).toMatchObject({ id: 'agent-0', address: `127.0.0.1:${base}` });
  await pools.apply(pool, decided(2));
  const areReady = (count: number) => (members: readonly PlatformMember[]) =>
    members.length === count && members.every(({ isReady }) => isReady);
  await untilMembers(pools, pool, areReady(2), signal);
  const [, second] = pools.agents;
  await pools.apply(pool, decided(1));
  await untilMembers(pools, pool, areReady(1), signal);
  expect(pools.agents).toEqual([first]);
  expect(await isProcessAlive(second!.pid!)).toBe(false);
  await pools.apply(pool, decided(2));
  await untilMembers(pools, pool, areReady(2), signal);
  const { pid: _, ...place } = second!;
  expect(pools.agents[1]).toMatchObject(place);
});

test('a replaced agent comes back with what the resource says now', async ({ signal }) => {
  await using pools = await openPools();
  await pools.startReady(poolOf('default', { replicas: 1 }), signal);
  const [before] = pools.agents;
  const pool = poolOf('default', { replicas: 1, agent: { logLevel: 'debug' } });
  const [member] = (await pools.gather(pool)).members;
  const [wanted] = (await pools.gather(pool)).wanted;
  expect(member?.revision).not.toBe(wanted?.revision);
  await pools.apply(pool, decided(1));
  expect(pools.agents).toEqual([before]);
  await pools.apply(pool, decided(1, { replace: [{ ...member!, session: undefined }] }));
  const isNew = ([one]: readonly PlatformMember[]): boolean =>
    one?.isReady === true && one.revision === wanted?.revision;
  await untilMembers(pools, pool, isNew, signal);
  const [after] = pools.agents;
  expect(after?.pid).not.toBe(before?.pid);
  expect(await (await fetch(after!.metricsUrl)).json()).toMatchObject({
    LOG_LEVEL: 'debug',
    AGENT_GROUP: 'default',
  });
});

test('an agent whose port is taken says so, hinders no other, and starts when it is free', async ({
  signal,
}) => {
  const squatter = createServer().listen(base + 1, '127.0.0.1');
  await once(squatter, 'listening');
  await using pools = await openPools();
  const changed: string[] = [];
  const watching = new AbortController();
  const watch = pools.watch((key) => changed.push(key), watching.signal);
  const [pool, night] = [poolOf('default', { replicas: 2 }), poolOf('night', { replicas: 1 })];
  await pools.apply(pool, decided(2));
  await pools.apply(night, decided(1));
  await untilMembers(pools, night, ([one]) => one?.isReady === true, signal);
  const members = await untilMembers(
    pools,
    pool,
    ([one, other]) => one?.isReady === true && other?.trouble !== undefined,
    signal,
  );
  expect(members[1]?.trouble?.message).toContain(`port ${base + 1} for agent-1 (--agent-port)`);
  expect(new Set(changed)).toEqual(new Set(['default/default', 'default/night']));
  squatter.close();
  await untilMembers(pools, pool, ([, other]) => other?.isReady === true, signal);
  watching.abort();
  await watch;
});

test('another pool has ids of its own, and the same ports after a restart', async ({ signal }) => {
  const night = poolOf('night', { replicas: 1 });
  const addressOf = async (): Promise<string | undefined> => {
    await using pools = await openPools();
    await pools.startReady(night, signal);
    const [agent] = pools.agents;
    expect(agent?.id).toBe('night-agent-0');
    return agent?.address;
  };
  const before = await addressOf();
  expect(before).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await addressOf()).toBe(before);
});

test('the agents of a pool that is gone drain, and one of its name can follow', async ({
  signal,
}) => {
  await using pools = await openPools();
  const night = poolOf('night', { replicas: 1 });
  await pools.startReady(night, signal);
  const [agent] = pools.agents;
  pools.forget('default/night');
  await expect(pools.gather(night)).rejects.toThrow('are being stopped');
  while (pools.agents.length > 0) await pause(10, signal);
  expect(await isProcessAlive(agent!.pid!)).toBe(false);
  await expect(pools.gather(night)).resolves.toMatchObject({ members: [] });
});

test('more agents than a machine runs are a problem that is told', async () => {
  await using pools = await openPools();
  const many = poolOf('night', { replicas: 100 });
  expect((await pools.gather(many)).wanted).toMatchObject([{ replicas: 32 }]);
  expect(await pools.apply(many, decided(0))).toEqual([
    { kind: 'childRefused', message: expect.stringContaining('at most 32 agents') },
  ]);
});
