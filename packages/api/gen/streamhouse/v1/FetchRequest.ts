// Original file: proto/streamhouse/v1/consumer.proto

import type { FetchPartition as _streamhouse_v1_FetchPartition, FetchPartition__Output as _streamhouse_v1_FetchPartition__Output } from '../../streamhouse/v1/FetchPartition.ts';

export interface FetchRequest {
  'partitions'?: (_streamhouse_v1_FetchPartition)[];
  /**
   * Clamped to 1..max_bytes.
   */
  'minBytes'?: (number);
  /**
   * 0: the agent's default. Clamped to the agent's bound. The first batch is sent even when it is larger.
   */
  'maxBytes'?: (number);
  /**
   * Clamped to 0..30000.
   */
  'maxWaitMs'?: (number);
}

export interface FetchRequest__Output {
  'partitions': (_streamhouse_v1_FetchPartition__Output)[];
  /**
   * Clamped to 1..max_bytes.
   */
  'minBytes': (number);
  /**
   * 0: the agent's default. Clamped to the agent's bound. The first batch is sent even when it is larger.
   */
  'maxBytes': (number);
  /**
   * Clamped to 0..30000.
   */
  'maxWaitMs': (number);
}
