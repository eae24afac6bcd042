/** What the leader of a generation does: it computes who owns what, from what the members say of themselves. Pure. */
import type { AssignedTopic } from '@streamhouse/api/gen/streamhouse/v1/AssignedTopic.ts';
import type { JoinedMember__Output as JoinedMember } from '@streamhouse/api/gen/streamhouse/v1/JoinedMember.ts';
import type { MemberAssignment } from '@streamhouse/api/gen/streamhouse/v1/MemberAssignment.ts';
import type {
  AssignmentMember,
  Assignor,
  TopicPartitionName,
} from '@streamhouse/core/assignment/assignor.ts';
import { ownersOf } from '@streamhouse/core/assignment/owners.ts';
import { withholdMoving } from '@streamhouse/core/assignment/withhold.ts';
import { topicIdFromBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import type { TopicView } from '../cluster/cluster-view.ts';

export interface GenerationPlan {
  readonly assignments: MemberAssignment[];
  /** The partition counts by which was assigned. */
  readonly topics: AssignedTopic[];
}

/**
 * What each member owns in this generation. What it moves from one member to another is withheld until the first has
 * released it.
 *
 * @param topics Those that are there, by name.
 * @throws StreamError `invalid` ASSIGNMENT or ASSIGNED_TWICE: an assignor of the program gives what cannot be.
 */
export function planGeneration(
  joined: readonly JoinedMember[],
  topics: ReadonlyMap<string, TopicView>,
  assignor: Assignor,
): GenerationPlan {
  const names = new Map<TopicId, string>();
  for (const { topicId, name } of topics.values()) names.set(topicId, name);
  const members = joined.map((member) => assignmentMember(member, names));
  const wanted = new Set(members.flatMap((member) => member.topics));
  const known = [...topics.values()].filter(({ name }) => wanted.has(name));
  const counts = new Map(known.map(({ name, partitions }) => [name, partitions.length]));
  const { assigned } = withholdMoving(assignor.assign(members, counts), ownersOf(members));
  const subscribed = new Map(members.map((member) => [member.memberId, new Set(member.topics)]));
  const assignments = [...assigned].map(([memberId, partitions]) => ({
    memberId,
    partitions: partitions.map((place) => {
      const topic = topics.get(place.topic);
      if (topic === undefined || !isPossible(place, counts, subscribed.get(memberId))) {
        throw impossible(assignor, memberId, place);
      }
      return { topicId: topic.topicIdBytes, partition: place.partition };
    }),
  }));
  return {
    assignments,
    topics: known.map(({ topicIdBytes, partitions }) => ({
      topicId: topicIdBytes,
      partitions: partitions.length,
    })),
  };
}

function assignmentMember(
  { memberId, groupInstanceId, topics, owned, ownedGeneration }: JoinedMember,
  names: ReadonlyMap<TopicId, string>,
): AssignmentMember {
  const partitions: TopicPartitionName[] = [];
  for (const { topicId, partition } of owned) {
    // A topic that is deleted has no owner any more.
    const topic = names.get(topicIdFromBytes(topicId));
    if (topic !== undefined) partitions.push({ topic, partition });
  }
  return { memberId, instanceId: groupInstanceId, topics, owned: partitions, ownedGeneration };
}

function isPossible(
  { topic, partition }: TopicPartitionName,
  counts: ReadonlyMap<string, number>,
  subscribed: ReadonlySet<string> | undefined,
): boolean {
  return (
    subscribed?.has(topic) === true &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition < (counts.get(topic) ?? 0)
  );
}

function impossible(
  { name }: Assignor,
  memberId: string,
  { topic, partition }: TopicPartitionName,
): StreamError {
  return new StreamError(
    'invalid',
    'ASSIGNMENT',
    `the assignor "${name}" gives partition ${partition} of topic "${topic}" to member ${memberId}, which cannot own it`,
  );
}
