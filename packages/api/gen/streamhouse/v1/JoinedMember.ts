// Original file: proto/streamhouse/v1/group.proto

import type { GroupPartition as _streamhouse_v1_GroupPartition, GroupPartition__Output as _streamhouse_v1_GroupPartition__Output } from '../../streamhouse/v1/GroupPartition.ts';
import type { Long } from '@grpc/proto-loader';

export interface JoinedMember {
  'memberId'?: (string);
  'groupInstanceId'?: (string);
  'topics'?: (string)[];
  'owned'?: (_streamhouse_v1_GroupPartition)[];
  'ownedGeneration'?: (number | string | Long);
  '_groupInstanceId'?: "groupInstanceId";
}

export interface JoinedMember__Output {
  'memberId': (string);
  'groupInstanceId'?: (string);
  'topics': (string)[];
  'owned': (_streamhouse_v1_GroupPartition__Output)[];
  'ownedGeneration': (number);
  '_groupInstanceId'?: "groupInstanceId";
}
