// Original file: proto/streamhouse/v1/group.proto

import type { PartitionFailure as _streamhouse_v1_PartitionFailure, PartitionFailure__Output as _streamhouse_v1_PartitionFailure__Output } from '../../streamhouse/v1/PartitionFailure.ts';

/**
 * All offsets are committed, or the call fails and none is, but those of partitions that are not there.
 */
export interface CommitOffsetsResponse {
  'failures'?: (_streamhouse_v1_PartitionFailure)[];
}

/**
 * All offsets are committed, or the call fails and none is, but those of partitions that are not there.
 */
export interface CommitOffsetsResponse__Output {
  'failures': (_streamhouse_v1_PartitionFailure__Output)[];
}
