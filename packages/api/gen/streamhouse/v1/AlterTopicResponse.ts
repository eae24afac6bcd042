// Original file: proto/streamhouse/v1/admin.proto

import type { TopicDescription as _streamhouse_v1_TopicDescription, TopicDescription__Output as _streamhouse_v1_TopicDescription__Output } from '../../streamhouse/v1/TopicDescription.ts';

export interface AlterTopicResponse {
  'topic'?: (_streamhouse_v1_TopicDescription | null);
}

export interface AlterTopicResponse__Output {
  'topic': (_streamhouse_v1_TopicDescription__Output | null);
}
