/**
 * Which member of a consumer group should own which partition. The leader of a generation asks its group's assignor, and
 * withholds what another member still owns (`withholdMoving`).
 *
 * Every assignor gives each partition of a subscribed topic to one member that subscribes to the topic, and comes to the
 * same result in whatever order members, topics and claims are given.
 */
import { compareText } from '../compare-text.ts';

/** One partition by the name of its topic, since that is what members subscribe to. */
export interface TopicPartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** A member as it has joined. */
export interface AssignmentMember {
  readonly memberId: string;
  /** Of a static member: what it is called in each of its lives. */
  readonly instanceId: string | undefined;
  readonly topics: readonly string[];
  /** What it claims to own, and the generation in which that was given to it. */
  readonly owned: readonly TopicPartitionName[];
  readonly ownedGeneration: number;
}

/** Partitions by member id, in the order of topics and partitions. Every member is in it. */
export type Assignment = ReadonlyMap<string, readonly TopicPartitionName[]>;

/** A way to deal partitions to members. It comes to the same result in whatever order it is given them. */
export interface Assignor {
  /** What members call it when they join: a group uses one that all of them have. */
  readonly name: string;
  /** `partitionCounts` is by topic. A topic that is not in it has no partitions yet. */
  assign(
    members: readonly AssignmentMember[],
    partitionCounts: ReadonlyMap<string, number>,
  ): Assignment;
}

/** A topic with at least one subscriber. */
export interface SubscribedTopic {
  readonly topic: string;
  readonly partitionCount: number;
  /** In the order of `inOrder`, each once. */
  readonly subscribers: readonly AssignmentMember[];
}

/** A map key for one partition: `<topic>/<partition>`. */
export function partitionName({ topic, partition }: TopicPartitionName): string {
  return `${topic}/${partition}`;
}

/** Static members by instance id, so that a restart changes nothing; then the others by member id. */
export function inOrder(members: readonly AssignmentMember[]): readonly AssignmentMember[] {
  return members.toSorted((a, b) => {
    if (a.instanceId === b.instanceId) return compareText(a.memberId, b.memberId);
    if (a.instanceId === undefined) return 1;
    if (b.instanceId === undefined) return -1;
    return compareText(a.instanceId, b.instanceId);
  });
}

/** In the order of topic names. */
export function subscribedTopics(
  members: readonly AssignmentMember[],
  partitionCounts: ReadonlyMap<string, number>,
): readonly SubscribedTopic[] {
  const subscribers = new Map<string, AssignmentMember[]>();
  for (const member of inOrder(members)) {
    for (const topic of new Set(member.topics)) {
      const others = subscribers.get(topic);
      if (others === undefined) subscribers.set(topic, [member]);
      else others.push(member);
    }
  }
  return [...subscribers]
    .map(([topic, own]) => ({
      topic,
      partitionCount: partitionCounts.get(topic) ?? 0,
      subscribers: own,
    }))
    .sort((a, b) => compareText(a.topic, b.topic));
}
