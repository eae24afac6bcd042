// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

export interface OffsetCommit {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * Next offset that the group reads.
   */
  'offset'?: (number | string | Long);
  'metadata'?: (string);
}

export interface OffsetCommit__Output {
  'topicId': (Buffer);
  'partition': (number);
  /**
   * Next offset that the group reads.
   */
  'offset': (number);
  'metadata': (string);
}
