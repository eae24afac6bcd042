// Original file: proto/streamhouse/v1/producer.proto

import type { RecordPosition as _streamhouse_v1_RecordPosition, RecordPosition__Output as _streamhouse_v1_RecordPosition__Output } from '../../streamhouse/v1/RecordPosition.ts';

export interface ProduceResponse {
  /**
   * One per record, in the order of the request.
   */
  'positions'?: (_streamhouse_v1_RecordPosition)[];
}

export interface ProduceResponse__Output {
  /**
   * One per record, in the order of the request.
   */
  'positions': (_streamhouse_v1_RecordPosition__Output)[];
}
