import { randomUUID } from 'node:crypto';
import { type Incarnation, topicId } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { expect, test } from 'vitest';
import { registerAgent, soon } from '../pg/log.test-support.ts';
import type { Metadata } from '../port.ts';
import type { AgentStats } from '../stats.ts';

const COUNTS = { recordsIn: 3, bytesIn: 2 ** 40, recordsOut: 5, bytesOut: 2 ** 52 };

export function statsConformance(metadata: () => Metadata): void {
  const statsOf = (incarnation: Incarnation, aliveMs: number): AgentStats => ({
    ...{ incarnation, aliveMs, totals: COUNTS, isComplete: true },
    ...{ produceLatencies: [0, 7, 2 ** 40], fetchLatencies: [1] },
    topics: new Map([[topicId(randomUUID()), { sinceMs: 12, ...COUNTS }]]),
    ...{ rssBytes: 2 ** 33, loopDelayMs: 1.5, connections: 4 },
  });

  test('the latest that a life tells takes the place of what it told before', async () => {
    const me = await registerAgent(metadata(), 'stats-0');
    await metadata().stats.write(statsOf(me, 1_000), soon());
    const latest = { ...statsOf(me, 3_000), topics: new Map(), isComplete: false };
    await metadata().stats.write(latest, soon());
    const live = await metadata().stats.live(LIMITS.statsAgentsMax, soon());
    expect(live.get(me)).toEqual(latest);
  });

  test('all that is told comes back as it was', async () => {
    const me = await registerAgent(metadata(), 'stats-1');
    const stats = statsOf(me, 1_000);
    await metadata().stats.write(stats, soon());
    const live = await metadata().stats.live(LIMITS.statsAgentsMax, soon());
    expect(live.get(me)).toEqual(stats);
  });

  test('a life that has told nothing is live nevertheless', async () => {
    const me = await registerAgent(metadata(), 'stats-2');
    const live = await metadata().stats.live(LIMITS.statsAgentsMax, soon());
    expect(live.has(me)).toBe(true);
    expect(live.get(me)).toBeUndefined();
  });

  test('what a life has told goes with it, and it can tell nothing more', async () => {
    const me = await registerAgent(metadata(), 'stats-3');
    await metadata().stats.write(statsOf(me, 1_000), soon());
    const next = await registerAgent(metadata(), 'stats-3');
    await metadata().stats.write(statsOf(me, 3_000), soon());
    const live = await metadata().stats.live(LIMITS.statsAgentsMax, soon());
    expect(live.has(me)).toBe(false);
    expect(live.has(next)).toBe(true);
    expect(live.get(next)).toBeUndefined();
  });

  test('no more lives are told than were asked for, the oldest first', async () => {
    const all = [...(await metadata().stats.live(LIMITS.statsAgentsMax, soon())).keys()];
    const some = await metadata().stats.live(2, soon());
    expect(all.length).toBeGreaterThan(2);
    expect([...some.keys()]).toEqual(all.slice(0, 2));
  });
}
