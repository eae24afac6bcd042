/** Agents: how many, what each holds, and whether it is alive. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { columnOf, figureOf, PATIENCE, searchOf } from './looks.ts';
import { type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const held = Promise.withResolvers<void>();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 3, beforeFence: () => held.promise });
  for (const [name, partitions] of [
    ['orders', 6],
    ['clicks', 6],
  ] as const)
    await stage.call('POST /api/v1/topics', { body: { name, partitions } });
});
afterAll(async () => {
  held.resolve();
  await stage?.[Symbol.asyncDispose]();
});

async function agents() {
  return (await stage.call('GET /api/v1/agents', {})).data;
}

test('C-110..117 agents in figures, as bars, and each with what it is and how it does', async () => {
  await using visited = await visit(stage, '/agents');
  const { page, faults } = visited;
  await page.getByText('Healthy: 3 agents, 12 partitions, each with a leader').waitFor();
  expect(await figureOf(page, 'Total agents')).toBe('3');
  expect(await figureOf(page, 'Active leases')).toBe('12');
  expect(await figureOf(page, 'Average leases')).toBe('4');
  const bars = page.getByRole('region', { name: 'Distribution of leases' }).getByRole('listitem');
  expect(await bars.allTextContents()).toEqual([0, 1, 2].map((n) => `agent-${n}4 leases`));
  const table = page.getByRole('table', { name: 'Agents' });
  const known = await agents();
  const expected = {
    'Agent ID': known.map(({ agent_id }) => agent_id),
    Address: known.map(({ address }) => address),
    'Availability zone': known.map(({ availability_zone }) => availability_zone || '—'),
    'Agent group': known.map(({ agent_group }) => agent_group || '—'),
    'Active leases': ['4', '4', '4'],
    Status: ['Healthy', 'Healthy', 'Healthy'],
  };
  for (const [title, cells] of Object.entries(expected))
    expect([title, await columnOf(table, title)]).toEqual([title, cells]);
  const agos = async (): Promise<string> => (await columnOf(table, 'Last heartbeat')).join();
  await expect.poll(agos, PATIENCE).toMatch(/^\d s ago,\d s ago,\d s ago$/);
  const uptime = async (): Promise<string | undefined> => (await columnOf(table, 'Uptime'))[0];
  const before = await uptime();
  expect(before).toMatch(/\d (s|min)/);
  await expect.poll(uptime, PATIENCE).not.toBe(before);
  await table.getByRole('button', { name: 'Agent ID' }).click();
  await expect.poll(() => searchOf(page, 'sort'), PATIENCE).toBe('-agent_id');
  expect(await columnOf(table, 'Agent ID')).toEqual(['agent-2', 'agent-1', 'agent-0']);
  await page.getByLabel('Search agents').fill('agent-1');
  await expect.poll(() => columnOf(table, 'Agent ID'), PATIENCE).toEqual(['agent-1']);
  await page.reload();
  await expect.poll(() => columnOf(table, 'Agent ID'), PATIENCE).toEqual(['agent-1']);
  await table.getByRole('link', { name: 'agent-1' }).click();
  await page.getByRole('heading', { name: 'agent-1' }).waitFor();
  expect(faults).toEqual([]);
});

test('C-118, C-119 an agent: its partitions by topic, and the messages of each; then it is killed and stale', async () => {
  const { data: partitions } = await stage.call('GET /api/v1/agents/{id}/partitions', {
    path: { id: 'agent-2' },
  });
  const [first] = partitions;
  await using visited = await visit(stage, '/agents/agent-2');
  const { page, faults } = visited;
  const table = page.getByRole('table', { name: 'Managed partitions' });
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  expect((await columnOf(table, 'Topic')).toSorted()).toEqual(topics.toSorted());
  const row = table.getByRole('row', { name: first?.topic ?? '' });
  const links = row.getByRole('cell').nth(2).getByRole('link');
  expect((await links.allTextContents()).map(Number)).toEqual(
    partitions.filter(({ topic }) => topic === first?.topic).map((held) => held.partition_id),
  );
  await links.first().click();
  await page.getByRole('heading', { name: `Messages of ${first?.topic}` }).waitFor();
  expect(searchOf(page, 'partition')).toBe(String(first?.partition_id));
  await page.goBack();
  const facts = page.getByRole('region', { name: 'Agent', exact: true });
  await facts.getByText('Healthy').waitFor();
  process.kill(stage.cluster.agents.find(({ id }) => id === 'agent-2')!.pid!, 'SIGKILL');
  await facts.getByText('Stale').waitFor();
  expect(await facts.locator('dt:text-is("Uptime") + dd').textContent()).toBe('—');
  await page.getByText('It holds no partition now').waitFor();
  expect(await page.title()).toMatch(/^▲ agent-2/);
  expect(faults).toEqual([]);
});
