// Original file: proto/streamhouse/v1/metadata.proto

import type { PartitionMetadata as _streamhouse_v1_PartitionMetadata, PartitionMetadata__Output as _streamhouse_v1_PartitionMetadata__Output } from '../../streamhouse/v1/PartitionMetadata.ts';
import type { Durability as _streamhouse_v1_Durability, Durability__Output as _streamhouse_v1_Durability__Output } from '../../streamhouse/v1/Durability.ts';
import type { Error as _streamhouse_v1_Error, Error__Output as _streamhouse_v1_Error__Output } from '../../streamhouse/v1/Error.ts';
import type { Long } from '@grpc/proto-loader';

export interface TopicMetadata {
  'name'?: (string);
  'topicId'?: (Buffer | Uint8Array | string);
  /**
   * By partition index, from 0.
   */
  'partitions'?: (_streamhouse_v1_PartitionMetadata)[];
  'durability'?: (_streamhouse_v1_Durability);
  /**
   * Set when the topic was asked for by name and is not there; nothing else is set then but the name.
   */
  'error'?: (_streamhouse_v1_Error | null);
  /**
   * Milliseconds since 1970, by the database's clock. Of two topics of one name, the later is the one that is there.
   */
  'createdAtMs'?: (number | string | Long);
}

export interface TopicMetadata__Output {
  'name': (string);
  'topicId': (Buffer);
  /**
   * By partition index, from 0.
   */
  'partitions': (_streamhouse_v1_PartitionMetadata__Output)[];
  'durability': (_streamhouse_v1_Durability__Output);
  /**
   * Set when the topic was asked for by name and is not there; nothing else is set then but the name.
   */
  'error': (_streamhouse_v1_Error__Output | null);
  /**
   * Milliseconds since 1970, by the database's clock. Of two topics of one name, the later is the one that is there.
   */
  'createdAtMs': (number);
}
