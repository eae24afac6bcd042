// Original file: proto/streamhouse/v1/group.proto

import type { CommittedOffset as _streamhouse_v1_CommittedOffset, CommittedOffset__Output as _streamhouse_v1_CommittedOffset__Output } from '../../streamhouse/v1/CommittedOffset.ts';

export interface FetchOffsetsResponse {
  /**
   * Of partitions that are named, in their order; else sorted by topic id and partition.
   */
  'offsets'?: (_streamhouse_v1_CommittedOffset)[];
}

export interface FetchOffsetsResponse__Output {
  /**
   * Of partitions that are named, in their order; else sorted by topic id and partition.
   */
  'offsets': (_streamhouse_v1_CommittedOffset__Output)[];
}
