// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

export interface OffsetChange {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * -1: none.
   */
  'before'?: (number | string | Long);
  'after'?: (number | string | Long);
}

export interface OffsetChange__Output {
  'topicId': (Buffer);
  'partition': (number);
  /**
   * -1: none.
   */
  'before': (number);
  'after': (number);
}
