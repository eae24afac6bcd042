// Original file: proto/streamhouse/v1/consumer.proto

import type { Error as _streamhouse_v1_Error, Error__Output as _streamhouse_v1_Error__Output } from '../../streamhouse/v1/Error.ts';
import type { Long } from '@grpc/proto-loader';

export interface ListedOffset {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  'offset'?: (number | string | Long);
  /**
   * Timestamp of the record found; -1 when it was not asked by timestamp or none is there.
   */
  'timestampMs'?: (number | string | Long);
  'error'?: (_streamhouse_v1_Error | null);
}

export interface ListedOffset__Output {
  'topicId': (Buffer);
  'partition': (number);
  'offset': (number);
  /**
   * Timestamp of the record found; -1 when it was not asked by timestamp or none is there.
   */
  'timestampMs': (number);
  'error': (_streamhouse_v1_Error__Output | null);
}
