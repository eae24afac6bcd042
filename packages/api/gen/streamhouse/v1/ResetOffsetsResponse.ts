// Original file: proto/streamhouse/v1/group.proto

import type { OffsetChange as _streamhouse_v1_OffsetChange, OffsetChange__Output as _streamhouse_v1_OffsetChange__Output } from '../../streamhouse/v1/OffsetChange.ts';

export interface ResetOffsetsResponse {
  /**
   * In the order of the request.
   */
  'changes'?: (_streamhouse_v1_OffsetChange)[];
  /**
   * Members that were, or would be, expelled.
   */
  'expelled'?: (number);
}

export interface ResetOffsetsResponse__Output {
  /**
   * In the order of the request.
   */
  'changes': (_streamhouse_v1_OffsetChange__Output)[];
  /**
   * Members that were, or would be, expelled.
   */
  'expelled': (number);
}
