// Original file: proto/streamhouse/v1/producer.proto

import type { Error as _streamhouse_v1_Error, Error__Output as _streamhouse_v1_Error__Output } from '../../streamhouse/v1/Error.ts';
import type { Long } from '@grpc/proto-loader';

export interface ProduceAck {
  'requestId'?: (number | string | Long);
  /**
   * Offset of the batch's first record, when there is no error.
   */
  'baseOffset'?: (number | string | Long);
  'error'?: (_streamhouse_v1_Error | null);
}

export interface ProduceAck__Output {
  'requestId': (number);
  /**
   * Offset of the batch's first record, when there is no error.
   */
  'baseOffset': (number);
  'error': (_streamhouse_v1_Error__Output | null);
}
