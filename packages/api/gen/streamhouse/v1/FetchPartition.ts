// Original file: proto/streamhouse/v1/consumer.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchPartition {
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * First offset wanted.
   */
  'offset'?: (number | string | Long);
}

export interface FetchPartition__Output {
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId': (Buffer);
  'partition': (number);
  /**
   * First offset wanted.
   */
  'offset': (number);
}
