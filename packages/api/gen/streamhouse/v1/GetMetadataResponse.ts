// Original file: proto/streamhouse/v1/metadata.proto

import type { TopicMetadata as _streamhouse_v1_TopicMetadata, TopicMetadata__Output as _streamhouse_v1_TopicMetadata__Output } from '../../streamhouse/v1/TopicMetadata.ts';
import type { AgentMetadata as _streamhouse_v1_AgentMetadata, AgentMetadata__Output as _streamhouse_v1_AgentMetadata__Output } from '../../streamhouse/v1/AgentMetadata.ts';

export interface GetMetadataResponse {
  'topics'?: (_streamhouse_v1_TopicMetadata)[];
  'agents'?: (_streamhouse_v1_AgentMetadata)[];
  'clusterId'?: (string);
  /**
   * The agent's version, for example "0.1.0".
   */
  'version'?: (string);
}

export interface GetMetadataResponse__Output {
  'topics': (_streamhouse_v1_TopicMetadata__Output)[];
  'agents': (_streamhouse_v1_AgentMetadata__Output)[];
  'clusterId': (string);
  /**
   * The agent's version, for example "0.1.0".
   */
  'version': (string);
}
