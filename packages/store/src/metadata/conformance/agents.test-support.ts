import { expect, test } from 'vitest';
import type { AgentSession } from '../agents.ts';
import { registerAgent, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';

export function agentConformance(metadata: () => Metadata): void {
  const session = async (incarnation: number): Promise<AgentSession | undefined> => {
    const live = await metadata().agents.live(soon());
    return live.find((one) => one.incarnation === incarnation);
  };

  test('a registered agent is live, with what it said of itself', async () => {
    const before = Date.now();
    const me = await registerAgent(metadata(), 'agent-7');
    const found = await session(me);
    expect(found).toMatchObject({
      incarnation: me,
      agentId: 'agent-7',
      pool: 'default',
      zone: 'a',
      address: '127.0.0.1:9090',
      managedTopics: ['a "b"', 'c'],
      isDraining: false,
      beat: 0,
    });
    expect(Math.abs(found!.startedAtMs - before)).toBeLessThan(60_000);
  });

  test('I-06: another process with the same id is a new incarnation and fences the old one', async () => {
    const first = await registerAgent(metadata(), 'agent-0');
    const second = await registerAgent(metadata(), 'agent-0');
    expect(second).toBeGreaterThan(first);
    expect(await metadata().agents.renew(first, soon())).toBe(false);
    expect(await metadata().agents.renew(second, soon())).toBe(true);
  });

  test('a renewal moves the beat on', async () => {
    const me = await registerAgent(metadata());
    await metadata().agents.renew(me, soon());
    await metadata().agents.renew(me, soon());
    expect((await session(me))!.beat).toBe(2);
  });

  test('a fence acts only while the beat is the one that was observed', async () => {
    const me = await registerAgent(metadata());
    const { beat } = (await session(me))!;
    await metadata().agents.renew(me, soon());
    expect(await metadata().agents.fence(me, beat, soon())).toBe(false);
    expect(await session(me)).toBeDefined();
    expect(await metadata().agents.fence(me, beat + 1, soon())).toBe(true);
    expect(await session(me)).toBeUndefined();
    expect(await metadata().agents.fence(me, beat + 1, soon())).toBe(false);
  });

  test('fencing an agent id counts its live sessions', async () => {
    const me = await registerAgent(metadata(), 'agent-2');
    expect(await metadata().agents.fenceAgent('agent-2', soon())).toBe(1);
    expect(await metadata().agents.fenceAgent('agent-2', soon())).toBe(0);
    expect(await metadata().agents.renew(me, soon())).toBe(false);
  });

  test('a draining session stays live and says so', async () => {
    const me = await registerAgent(metadata());
    await metadata().agents.drain(me, soon());
    await metadata().agents.drain(me, soon());
    expect(await session(me)).toMatchObject({ isDraining: true });
  });
}
