// Original file: proto/streamhouse/v1/group.proto

import type { OffsetCommit as _streamhouse_v1_OffsetCommit, OffsetCommit__Output as _streamhouse_v1_OffsetCommit__Output } from '../../streamhouse/v1/OffsetCommit.ts';
import type { Long } from '@grpc/proto-loader';

export interface CommitOffsetsRequest {
  'groupId'?: (string);
  /**
   * Empty, with generation 0: a consumer that assigns partitions to itself. Refused while the group has members.
   */
  'memberId'?: (string);
  'generation'?: (number | string | Long);
  'offsets'?: (_streamhouse_v1_OffsetCommit)[];
}

export interface CommitOffsetsRequest__Output {
  'groupId': (string);
  /**
   * Empty, with generation 0: a consumer that assigns partitions to itself. Refused while the group has members.
   */
  'memberId': (string);
  'generation': (number);
  'offsets': (_streamhouse_v1_OffsetCommit__Output)[];
}
