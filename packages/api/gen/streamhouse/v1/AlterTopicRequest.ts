// Original file: proto/streamhouse/v1/admin.proto

import type { TopicConfig as _streamhouse_v1_TopicConfig, TopicConfig__Output as _streamhouse_v1_TopicConfig__Output } from '../../streamhouse/v1/TopicConfig.ts';

export interface AlterTopicRequest {
  'name'?: (string);
  'config'?: (_streamhouse_v1_TopicConfig | null);
}

export interface AlterTopicRequest__Output {
  'name': (string);
  'config': (_streamhouse_v1_TopicConfig__Output | null);
}
