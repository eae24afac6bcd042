import { expect, test, vi } from 'vitest';
import { isProcessAlive, pause, signalProcess } from '@streamhouse/standalone/process.ts';
import { startCluster } from '../harness/cluster.ts';

// Several first starts: a busy machine may need long for them.
vi.setConfig({ testTimeout: 120_000 });

test('a cluster replaces what is killed, grows, shrinks and leaves nothing behind', async ({
  signal,
}) => {
  const pids: number[] = [];
  {
    await using cluster = await startCluster({ agents: 2, objects: 'directory' });
    const [first, second] = cluster.agents;
    signalProcess(first!.pid!, 'SIGKILL');
    while (!cluster.lines.some((line) => line.startsWith('agent-0 is ready again'))) {
      await pause(10, signal);
    }
    expect(cluster.agents[0]).toMatchObject({ id: 'agent-0', address: first!.address });
    const third = await cluster.addAgent();
    await cluster.removeAgent('agent-1');
    expect(cluster.bootstrap).toEqual([first!.address, third.address]);
    expect(await isProcessAlive(second!.pid!)).toBe(false);
    pids.push(cluster.postgres.pid!, ...cluster.agents.map((agent) => agent.pid!));
    for (const pid of pids) expect(await isProcessAlive(pid)).toBe(true);
  }
  for (const pid of pids) expect(await isProcessAlive(pid)).toBe(false);
});
