// Original file: proto/streamhouse/v1/consumer.proto

import type { Long } from '@grpc/proto-loader';

export interface ListOffsetsPartition {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * First readable offset.
   */
  'earliest'?: (boolean);
  /**
   * High watermark: the next offset to be published.
   */
  'latest'?: (boolean);
  /**
   * Offset of the first record whose timestamp is at or after this, in milliseconds since 1970; the high watermark if none.
   */
  'timestampMs'?: (number | string | Long);
  'at'?: "earliest"|"latest"|"timestampMs";
}

export interface ListOffsetsPartition__Output {
  'topicId': (Buffer);
  'partition': (number);
  /**
   * First readable offset.
   */
  'earliest'?: (boolean);
  /**
   * High watermark: the next offset to be published.
   */
  'latest'?: (boolean);
  /**
   * Offset of the first record whose timestamp is at or after this, in milliseconds since 1970; the high watermark if none.
   */
  'timestampMs'?: (number);
  'at'?: "earliest"|"latest"|"timestampMs";
}
