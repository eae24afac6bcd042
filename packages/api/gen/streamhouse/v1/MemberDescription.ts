// Original file: proto/streamhouse/v1/group.proto

import type { GroupPartition as _streamhouse_v1_GroupPartition, GroupPartition__Output as _streamhouse_v1_GroupPartition__Output } from '../../streamhouse/v1/GroupPartition.ts';

export interface MemberDescription {
  'memberId'?: (string);
  'groupInstanceId'?: (string);
  'clientId'?: (string);
  /**
   * Address that it joined from.
   */
  'clientHost'?: (string);
  'topics'?: (string)[];
  'partitions'?: (_streamhouse_v1_GroupPartition)[];
  'sessionTimeoutMs'?: (number);
  '_groupInstanceId'?: "groupInstanceId";
}

export interface MemberDescription__Output {
  'memberId': (string);
  'groupInstanceId'?: (string);
  'clientId': (string);
  /**
   * Address that it joined from.
   */
  'clientHost': (string);
  'topics': (string)[];
  'partitions': (_streamhouse_v1_GroupPartition__Output)[];
  'sessionTimeoutMs': (number);
  '_groupInstanceId'?: "groupInstanceId";
}
