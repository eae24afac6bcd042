// Original file: proto/streamhouse/v1/consumer.proto

import type { Error as _streamhouse_v1_Error, Error__Output as _streamhouse_v1_Error__Output } from '../../streamhouse/v1/Error.ts';
import type { Long } from '@grpc/proto-loader';

export interface FetchedPartition {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * Readable range: log_start_offset <= offset < high_watermark.
   */
  'logStartOffset'?: (number | string | Long);
  'highWatermark'?: (number | string | Long);
  /**
   * Whole RecordBatches, one after the other, as they were stored; the first may begin before the offset asked for.
   */
  'recordBatches'?: (Buffer | Uint8Array | string);
  'error'?: (_streamhouse_v1_Error | null);
}

export interface FetchedPartition__Output {
  'topicId': (Buffer);
  'partition': (number);
  /**
   * Readable range: log_start_offset <= offset < high_watermark.
   */
  'logStartOffset': (number);
  'highWatermark': (number);
  /**
   * Whole RecordBatches, one after the other, as they were stored; the first may begin before the offset asked for.
   */
  'recordBatches': (Buffer);
  'error': (_streamhouse_v1_Error__Output | null);
}
