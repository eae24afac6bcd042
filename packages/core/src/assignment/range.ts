import {
  type Assignment,
  type Assignor,
  inOrder,
  subscribedTopics,
  type TopicPartitionName,
} from './assignor.ts';

/**
 * Cuts each topic into ranges, one for each subscriber, the first ones a partition longer when it does not come out even.
 * Topics of one size with the same subscribers are cut alike, so that one member reads partition 3 of all of them.
 * Even within a topic, not over many: the first members get the longer ranges of each.
 */
export const rangeAssignor: Assignor = {
  name: 'range',

  assign(members, partitionCounts): Assignment {
    const assignment = new Map<string, TopicPartitionName[]>(
      inOrder(members).map(({ memberId }) => [memberId, []]),
    );
    for (const { topic, partitionCount, subscribers } of subscribedTopics(
      members,
      partitionCounts,
    )) {
      const length = Math.floor(partitionCount / subscribers.length);
      const longer = partitionCount % subscribers.length;
      let partition = 0;
      for (const [index, { memberId }] of subscribers.entries()) {
        const end = partition + length + (index < longer ? 1 : 0);
        for (; partition < end; partition++) assignment.get(memberId)?.push({ topic, partition });
      }
    }
    return assignment;
  },
};
