// Original file: proto/streamhouse/v1/group.proto

import type { OffsetCommit as _streamhouse_v1_OffsetCommit, OffsetCommit__Output as _streamhouse_v1_OffsetCommit__Output } from '../../streamhouse/v1/OffsetCommit.ts';

export interface ResetOffsetsRequest {
  'groupId'?: (string);
  /**
   * Next offset of each partition; -1 forgets the committed one. Partitions that are not named stay as they are.
   */
  'offsets'?: (_streamhouse_v1_OffsetCommit)[];
  /**
   * Changes nothing; the answer is what would be.
   */
  'dryRun'?: (boolean);
}

export interface ResetOffsetsRequest__Output {
  'groupId': (string);
  /**
   * Next offset of each partition; -1 forgets the committed one. Partitions that are not named stay as they are.
   */
  'offsets': (_streamhouse_v1_OffsetCommit__Output)[];
  /**
   * Changes nothing; the answer is what would be.
   */
  'dryRun': (boolean);
}
