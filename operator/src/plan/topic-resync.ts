/** What Postgres has against what the resources say, all at once. */
import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import type { OwnedTopic, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import { isApplied } from './topic.ts';
import { canonicalName } from './topic-name.ts';
import { type TopicPolicy, wishOf } from './topic-wish.ts';

export interface TopicDifferences {
  /** Resources whose topic is not as their status says, or who may get what they wait for. */
  readonly suspects: readonly TopicResource[];
  /** Topics whose resource is not among these. A list that is not complete, or older than they are, says nothing. */
  readonly ownerless: readonly OwnedTopic[];
}

export function compareTopics(
  resources: Iterable<TopicResource>,
  topics: readonly OwnedTopic[],
  policy: TopicPolicy,
): TopicDifferences {
  const live = topics.filter(({ deletion }) => deletion === undefined);
  const byUid = new Map(live.map((topic) => [topic.owner.uid, topic]));
  const ownerOfName = new Map(live.map(({ name, owner }) => [canonicalName(name), owner.uid]));
  const suspects: TopicResource[] = [];
  const uids = new Set<string>();
  for (const resource of resources) {
    const { uid, deletionTimestamp } = resource.metadata;
    uids.add(uid);
    if (deletionTimestamp !== undefined || resource.spec.paused) continue;
    const wish = parsed(resource, policy);
    if (wish === undefined) continue;
    const holder = ownerOfName.get(canonicalName(wish.topicName));
    const isBlocked = holder !== undefined && holder !== uid;
    const topic = byUid.get(uid);
    if (isApplied(resource, wish) ? !isAsTold(resource, wish, topic) : !isBlocked) {
      suspects.push(resource);
    }
  }
  return { suspects, ownerless: live.filter(({ owner }) => !uids.has(owner.uid)) };
}

/** Undefined for a spec that the plan of its own change answers. */
function parsed(resource: TopicResource, policy: TopicPolicy): TopicWish | undefined {
  try {
    return wishOf(resource, policy);
  } catch {
    return undefined;
  }
}

function isAsTold(
  { status }: TopicResource,
  wish: TopicWish,
  topic: OwnedTopic | undefined,
): boolean {
  const { settings } = wish;
  return (
    topic !== undefined &&
    topic.topicId === status?.topicId &&
    topic.name === wish.topicName &&
    topic.specHash === wish.specHash &&
    topic.owner.namespace === wish.owner.namespace &&
    topic.owner.name === wish.owner.name &&
    topic.partitions === status.partitions &&
    topic.partitions >= wish.partitions &&
    topic.pool === settings.pool &&
    topic.durability === settings.durability &&
    topic.retentionMs === settings.retentionMs &&
    topic.retentionBytes === settings.retentionBytes &&
    isEqual(topic.config, settings.config) &&
    !isReported(status.conditions)
  );
}

/** Drift that was reported may be over. */
function isReported(conditions: NonNullable<TopicResource['status']>['conditions']): boolean {
  return conditions?.some(({ reason }) => reason === 'DriftReported') ?? false;
}

function isEqual(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(a);
  return (
    entries.length === Object.keys(b).length && entries.every(([key, value]) => b[key] === value)
  );
}
