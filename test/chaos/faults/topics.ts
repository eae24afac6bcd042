/** Changes of topics under load. */
import type { Stage } from '../stage/stage.ts';
import { between, type Random, type RunningFault } from './fault.ts';

/** What it is made of again, so that a run has many lives of one name. */
const REBORN = { topic: 'reborn', partitions: 2 } as const;
const GROWING = { topic: 'growing', partitions: 2, partitionsMax: 16 } as const;

/** Deleted while it is written and read, and soon there again, empty, under the same name. */
export async function topicReborn(stage: Stage, random: Random): Promise<RunningFault> {
  const { topic, partitions } = REBORN;
  const old = stage.topics.get(topic).topicId;
  await stage.topics.delete(topic);
  let over: () => boolean = () => false;
  return {
    target: `${topic} ${old}`,
    holdMs: between(0, 500, random),
    felt: async () => {
      const isHeld = (await stage.facts.holders()).some((fact) => fact.topic === topic);
      return isHeld ? undefined : 'nobody holds a partition of it';
    },
    stop: async () => {
      await stage.topics.create(topic, partitions);
      stage.workers.tellTopics();
      over = acknowledgesMore(stage, topic);
    },
    isOver: () => over(),
  };
}

/** One partition more; when there are enough, it begins anew. */
export async function topicGrown(stage: Stage): Promise<RunningFault> {
  const { topic, partitionsMax } = GROWING;
  if (stage.topics.get(topic).partitions === partitionsMax) {
    await stage.topics.delete(topic);
    await stage.topics.create(topic, GROWING.partitions);
  }
  const more = stage.topics.get(topic).partitions + 1;
  await stage.topics.grow(topic, more);
  stage.workers.tellTopics();
  const takesRecords = acknowledgesMore(stage, topic);
  return {
    target: `${topic}, ${more} partitions`,
    holdMs: 0,
    felt: () => (takesRecords() ? 'each of them takes records' : undefined),
    stop: () => Promise.resolve(),
    isOver: () => true,
  };
}

/** Whether every partition has taken records since this call. */
function acknowledgesMore({ topics, workers }: Stage, topic: string): () => boolean {
  const { partitions } = topics.get(topic);
  const counts = (): number[] =>
    Array.from({ length: partitions }, (_, partition) => workers.acknowledged(topic, partition));
  const before = counts();
  return () => counts().every((count, partition) => count > before[partition]!);
}
