// Original file: proto/streamhouse/v1/producer.proto

import type { RecordHeader as _streamhouse_v1_RecordHeader, RecordHeader__Output as _streamhouse_v1_RecordHeader__Output } from '../../streamhouse/v1/RecordHeader.ts';
import type { Long } from '@grpc/proto-loader';

export interface ProduceRecord {
  /**
   * Absent: no key.
   */
  'key'?: (Buffer | Uint8Array | string);
  /**
   * Absent: a tombstone.
   */
  'value'?: (Buffer | Uint8Array | string);
  'headers'?: (_streamhouse_v1_RecordHeader)[];
  /**
   * Milliseconds since 1970. Absent or 0: the agent's time.
   */
  'timestampMs'?: (number | string | Long);
  '_key'?: "key";
  '_value'?: "value";
}

export interface ProduceRecord__Output {
  /**
   * Absent: no key.
   */
  'key'?: (Buffer);
  /**
   * Absent: a tombstone.
   */
  'value'?: (Buffer);
  'headers': (_streamhouse_v1_RecordHeader__Output)[];
  /**
   * Milliseconds since 1970. Absent or 0: the agent's time.
   */
  'timestampMs': (number);
  '_key'?: "key";
  '_value'?: "value";
}
