// Original file: proto/streamhouse/v1/admin.proto

import type { TopicDescription as _streamhouse_v1_TopicDescription, TopicDescription__Output as _streamhouse_v1_TopicDescription__Output } from '../../streamhouse/v1/TopicDescription.ts';

export interface ListTopicsResponse {
  /**
   * Sorted by name.
   */
  'topics'?: (_streamhouse_v1_TopicDescription)[];
}

export interface ListTopicsResponse__Output {
  /**
   * Sorted by name.
   */
  'topics': (_streamhouse_v1_TopicDescription__Output)[];
}
