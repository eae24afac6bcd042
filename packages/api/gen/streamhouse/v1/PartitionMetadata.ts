// Original file: proto/streamhouse/v1/metadata.proto

import type { Long } from '@grpc/proto-loader';

export interface PartitionMetadata {
  'partition'?: (number);
  'epoch'?: (number | string | Long);
  /**
   * Incarnation of the holder; 0 while there is none.
   */
  'holder'?: (number | string | Long);
}

export interface PartitionMetadata__Output {
  'partition': (number);
  'epoch': (number);
  /**
   * Incarnation of the holder; 0 while there is none.
   */
  'holder': (number);
}
