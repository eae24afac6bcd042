// Original file: proto/streamhouse/v1/consumer.proto

import type { FetchPartition as _streamhouse_v1_FetchPartition, FetchPartition__Output as _streamhouse_v1_FetchPartition__Output } from '../../streamhouse/v1/FetchPartition.ts';
import type { Long } from '@grpc/proto-loader';

export interface FetchStreamRequest {
  /**
   * Replaces what is being read. The first message must have it.
   */
  'partitions'?: (_streamhouse_v1_FetchPartition)[];
  /**
   * Bytes of record batches that the agent may send on top of what it was allowed before.
   */
  'creditBytes'?: (number | string | Long);
}

export interface FetchStreamRequest__Output {
  /**
   * Replaces what is being read. The first message must have it.
   */
  'partitions': (_streamhouse_v1_FetchPartition__Output)[];
  /**
   * Bytes of record batches that the agent may send on top of what it was allowed before.
   */
  'creditBytes': (number);
}
