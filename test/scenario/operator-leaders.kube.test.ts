/** Two operators on one API server and one database: one acts, the other one takes over when it must, and never both. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { controlPlane } from '../harness/control-plane.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { OperatorStage, soon } from '../harness/operator-stage.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

/** From the end of a leader that could not say goodbye until the other one has acted: the Lease runs out after 15 s. */
const AFTER_KILL_MS = 20_000;
/** From SIGTERM on; 3 s are promised, and this machine does much else besides. */
const AFTER_STOP_MS = 5_000;
/** From when one no longer leads until the next one does: it is told, it does not look once in a while. */
const HANDOVER_MS = 1_500;
const TOPICS = 60;
const plane = await controlPlane();

/** When an operator last said that it leads, or that it does not, in milliseconds since 1970. */
function changedMs(operator: OperatorProcess, isLeader: boolean): number {
  const line = operator.said('leadership changed', `"isLeader":${isLeader}`).at(-1) ?? '{}';
  return Date.parse((JSON.parse(line) as { readonly time: string }).time);
}

describe.skipIf(plane === undefined)('two operators', () => {
  let stage: OperatorStage;
  let leader: OperatorProcess;
  let standby: OperatorProcess;
  let count = 0;

  beforeAll(async () => {
    stage = await OperatorStage.open(plane!);
    leader = await start();
    await until(() => leader.isLeader(), soon());
    standby = await start();
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  function start(): Promise<OperatorProcess> {
    return stage.start(`operator-${count++}`, { RESYNC_INTERVAL: '10s' });
  }

  /** What was the standby leads, and a new one stands by. Resolves the one that led. */
  async function replaced(): Promise<OperatorProcess> {
    const old = leader;
    [leader, standby] = [standby, await start()];
    await until(() => leader.isLeader(), soon());
    await until(async () => (await standby.probe('/readyz')) === 200, soon());
    return old;
  }

  /** Milliseconds until a topic that is applied now is Ready. */
  async function readyMs(name: string): Promise<number> {
    const beganMs = performance.now();
    await stage.apply('Topic', name);
    await stage.untilIs('Topic', name, 'Ready=True/Ready');
    return performance.now() - beganMs;
  }

  async function epoch(): Promise<number> {
    const rows = await stage.database.sql<{ epoch: string }>('SELECT epoch FROM operator_leader');
    return Number(rows[0]?.epoch);
  }

  async function holder(): Promise<string> {
    const name = 'house-streamhouse-operator';
    return await stage.kubectl(['get', 'lease', name, '-o=jsonpath={.spec.holderIdentity}']);
  }

  test('do not both act: the one that stands by sends no write', async () => {
    await readyMs('first');
    expect(await leader.isLeader()).toBe(true);
    expect(await standby.isLeader()).toBe(false);
    expect(await standby.metric('rest_client_requests_total', 'method="PATCH"')).toBe(0);
    expect(await standby.metric('rest_client_requests_total', 'method="POST"')).toBe(0);
  });

  test('a leader whose term was ended in Postgres fences no agent in it', async () => {
    await stage.apply('AgentPool', 'crew', { replicas: 1 });
    await stage.untilIs('AgentPool', 'crew', 'Ready=True/Ready');
    const ended = (await epoch()) + 1;
    await stage.database.sql(`UPDATE operator_leader SET epoch = ${ended}`);
    // No cache knows a pod of it.
    const gone = { agentId: 'crew-9', pool: 'crew', zone: 'zone-0', managedTopics: [] };
    await stage.metadata.agents.register({ ...gone, address: 'gone.test:9090' }, soon());
    await until(async () => (await stage.metadata.agents.live(soon())).length === 0, soon());
    expect(leader.said('stepped down', 'OPERATOR_FENCED')).toHaveLength(1);
    expect(await epoch()).toBe(ended + 1);
    // It gave the Lease up, and who waits for it is told at once.
    await until(() => standby.isLeader(), soon());
    [leader, standby] = [standby, leader];
  });

  test('the leader asked to stop leaves in good order, and the other one acts soon', async () => {
    leader.kill('SIGTERM');
    const tookMs = await readyMs('after-stop');
    const old = await replaced();
    expect(await old.ended).toBe(0);
    expect(changedMs(leader, true) - changedMs(old, false)).toBeLessThan(HANDOVER_MS);
    expect(tookMs).toBeLessThan(AFTER_STOP_MS);
  });

  test('the leader killed, the other one acts within 20 s, in a term of its own', async () => {
    const before = await epoch();
    leader.kill('SIGKILL');
    const tookMs = await readyMs('after-kill');
    await replaced();
    expect(await epoch()).toBe(before + 1);
    expect(tookMs).toBeLessThan(AFTER_KILL_MS);
  });

  test('a leader that was suspended in the middle of its work writes nothing any more', async () => {
    const names = Array.from({ length: TOPICS }, (_, index) => `busy-${index}`);
    for (const name of names.slice(0, TOPICS / 2)) await stage.apply('Topic', name);
    leader.kill('SIGSTOP');
    for (const name of names.slice(TOPICS / 2)) await stage.apply('Topic', name);
    await until(() => standby.isLeader(), soon());
    for (const name of names) await stage.untilIs('Topic', name, 'Ready=True/Ready');
    const state = `
      SELECT name, topic_id, owner_uid, partitions, xmin::text FROM topics WHERE name LIKE 'busy-%' ORDER BY name`;
    const [rows, term] = [await stage.database.sql(state), await epoch()];
    expect(rows).toHaveLength(TOPICS);
    const versions = await stage.kubectl([
      'get',
      'topics',
      '-o=jsonpath={.items[*].metadata.resourceVersion}',
    ]);
    const old = await replaced();
    old.kill('SIGCONT');
    await until(async () => old.said('leadership changed', '"isLeader":false').length > 0, soon());
    await stage.apply('Topic', 'later');
    await stage.untilIs('Topic', 'later', 'Ready=True/Ready');
    await stage.delete('Topic', 'later');
    expect(await stage.database.sql(state)).toEqual(rows);
    expect(await epoch()).toBe(term);
    const after = await stage.kubectl([
      'get',
      'topics',
      '-o=jsonpath={.items[*].metadata.resourceVersion}',
    ]);
    expect(after.split(' ')).toEqual(expect.arrayContaining(versions.split(' ')));
  });

  test('an operator that comes back releases what was deleted while nobody looked', async () => {
    await stage.apply('Topic', 'orphan');
    await stage.untilIs('Topic', 'orphan', 'Ready=True/Ready');
    expect(await holder()).toContain(leader.name);
    for (const operator of stage.operators) operator.kill('SIGTERM');
    const ends = await Promise.all(stage.operators.map(({ ended }) => ended));
    // All but the one that was killed.
    expect(ends.filter((code) => code !== 0).length).toBeLessThanOrEqual(1);
    expect(ends).not.toContain(1);
    expect(await holder()).toBe('');
    await stage.delete('Topic', 'orphan');
    leader = await start();
    expect(await stage.untilEvent('orphan', 'Retained')).toContain('managed by nobody');
    const topic = await stage.metadata.topics.byName('orphan', soon());
    expect(topic).toMatchObject({ owner: { kind: 'api' } });
  });
});
