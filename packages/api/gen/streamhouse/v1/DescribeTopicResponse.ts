// Original file: proto/streamhouse/v1/admin.proto

import type { TopicDescription as _streamhouse_v1_TopicDescription, TopicDescription__Output as _streamhouse_v1_TopicDescription__Output } from '../../streamhouse/v1/TopicDescription.ts';
import type { PartitionDescription as _streamhouse_v1_PartitionDescription, PartitionDescription__Output as _streamhouse_v1_PartitionDescription__Output } from '../../streamhouse/v1/PartitionDescription.ts';

export interface DescribeTopicResponse {
  'topic'?: (_streamhouse_v1_TopicDescription | null);
  'partitions'?: (_streamhouse_v1_PartitionDescription)[];
}

export interface DescribeTopicResponse__Output {
  'topic': (_streamhouse_v1_TopicDescription__Output | null);
  'partitions': (_streamhouse_v1_PartitionDescription__Output)[];
}
