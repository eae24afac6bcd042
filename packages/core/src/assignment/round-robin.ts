import {
  type Assignment,
  type Assignor,
  inOrder,
  subscribedTopics,
  type TopicPartitionName,
} from './assignor.ts';

/**
 * Deals all partitions to the members in turn, and passes over a member that does not subscribe to the topic.
 * Even when all members subscribe to the same topics.
 */
export const roundRobinAssignor: Assignor = {
  name: 'round-robin',

  assign(members, partitionCounts): Assignment {
    const circle = inOrder(members).map((member) => {
      const own: TopicPartitionName[] = [];
      return { member, own };
    });
    let turn = 0;
    for (const { topic, partitionCount, subscribers } of subscribedTopics(
      members,
      partitionCounts,
    )) {
      const isSubscriber = new Set(subscribers);
      // Not the other way round: in a circle without subscribers the turn would never end.
      for (let partition = 0; partition < partitionCount; turn++) {
        const next = circle[turn % circle.length];
        if (next === undefined || !isSubscriber.has(next.member)) continue;
        next.own.push({ topic, partition });
        partition++;
      }
    }
    return new Map(circle.map(({ member, own }) => [member.memberId, own]));
  },
};
