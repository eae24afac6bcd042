/** Groups whose coordinator dies, or does not answer any more: for members it costs time, nothing else (G-05, I-25). */
import type { Consumer } from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type GroupStage,
  listening,
  openGroupStage,
  PARTITIONS,
  placesOf,
  pollUntil,
  pollUntilShared,
} from './groups/stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: GroupStage;

beforeAll(async () => {
  stage = await openGroupStage();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function pidOfCoordinator(groupId: string): Promise<number> {
  const { coordinator } = await stage.admin.describeGroup(groupId);
  return stage.cluster.agents.find(({ id }) => id === coordinator)!.pid!;
}

async function openPair(topic: string): Promise<{
  readonly members: readonly [Consumer, Consumer];
  readonly told: readonly string[];
}> {
  const { told, listener } = listening();
  const members = [await stage.connect(topic), await stage.connect(topic)] as const;
  for (const member of members) await member.subscribe([topic], listener);
  await pollUntilShared(members, [2, 2]);
  return { members, told };
}

test('I-25: a coordinator that is killed in the middle of a rebalance leaves each partition with one owner', async () => {
  const topic = await stage.createTopic('coordinator-killed', 5);
  const { members, told } = await openPair(topic);
  await using third = await stage.connect(topic);
  const pid = await pidOfCoordinator(topic);
  await third.subscribe([topic]);
  signalProcess(pid, 'SIGKILL');
  const all = [...members, third];
  const owned = () =>
    all.flatMap((member) => member.assignment().map(({ partition }) => partition));
  await pollUntil(
    all,
    () => third.assignment().length === 1 && new Set(owned()).size === PARTITIONS,
  );
  expect(owned()).toHaveLength(PARTITIONS);
  expect(told.join()).not.toContain('lost');
  await stage.fill(topic, 1);
  const records = await pollUntil(all, (polled) =>
    [0, 1, 2, 3].every((partition) => placesOf(polled).includes(`${partition}/5`)),
  );
  const last = placesOf(records).filter((place) => place.endsWith('/5'));
  expect(last).toHaveLength(PARTITIONS);
  for (const member of members) await member.close();
});

test('a coordinator that is stopped, not dead, is left: commits go to the next one, and nothing is lost', async () => {
  const topic = await stage.createTopic('coordinator-stopped', 5);
  const { members, told } = await openPair(topic);
  const [member] = members;
  const generation = member.membership()?.generation;
  const pid = await pidOfCoordinator(topic);
  signalProcess(pid, 'SIGSTOP');
  try {
    await member.commit(member.assignment().map((place) => ({ ...place, offset: 1 })));
  } finally {
    signalProcess(pid, 'SIGCONT');
  }
  expect(Object.values(await stage.committed(topic))).toEqual([1, 1]);
  expect(told.join()).not.toContain('lost');
  expect(member.membership()?.generation).toBe(generation);
  for (const each of members) await each.close();
});
