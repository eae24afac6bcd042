// Original file: proto/streamhouse/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface PartitionDescription {
  'partition'?: (number);
  'logStartOffset'?: (number | string | Long);
  'highWatermark'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'epoch'?: (number | string | Long);
  /**
   * agent_id of the holder; empty while there is none.
   */
  'holder'?: (string);
}

export interface PartitionDescription__Output {
  'partition': (number);
  'logStartOffset': (number);
  'highWatermark': (number);
  'bytes': (number);
  'epoch': (number);
  /**
   * agent_id of the holder; empty while there is none.
   */
  'holder': (string);
}
