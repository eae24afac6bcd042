// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

export interface CommittedOffset {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * -1: none.
   */
  'offset'?: (number | string | Long);
  'metadata'?: (string);
  /**
   * Milliseconds since 1970; 0 when there is none.
   */
  'committedAtMs'?: (number | string | Long);
  'generation'?: (number | string | Long);
  /**
   * The partition came to its topic after the group began to read it: without an offset it is read from its beginning.
   */
  'added'?: (boolean);
}

export interface CommittedOffset__Output {
  'topicId': (Buffer);
  'partition': (number);
  /**
   * -1: none.
   */
  'offset': (number);
  'metadata': (string);
  /**
   * Milliseconds since 1970; 0 when there is none.
   */
  'committedAtMs': (number);
  'generation': (number);
  /**
   * The partition came to its topic after the group began to read it: without an offset it is read from its beginning.
   */
  'added': (boolean);
}
