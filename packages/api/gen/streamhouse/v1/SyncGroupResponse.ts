// Original file: proto/streamhouse/v1/group.proto

import type { GroupPartition as _streamhouse_v1_GroupPartition, GroupPartition__Output as _streamhouse_v1_GroupPartition__Output } from '../../streamhouse/v1/GroupPartition.ts';

export interface SyncGroupResponse {
  'partitions'?: (_streamhouse_v1_GroupPartition)[];
}

export interface SyncGroupResponse__Output {
  'partitions': (_streamhouse_v1_GroupPartition__Output)[];
}
