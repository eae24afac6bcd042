// Original file: proto/streamhouse/v1/group.proto

import type { MemberAssignment as _streamhouse_v1_MemberAssignment, MemberAssignment__Output as _streamhouse_v1_MemberAssignment__Output } from '../../streamhouse/v1/MemberAssignment.ts';
import type { AssignedTopic as _streamhouse_v1_AssignedTopic, AssignedTopic__Output as _streamhouse_v1_AssignedTopic__Output } from '../../streamhouse/v1/AssignedTopic.ts';
import type { Long } from '@grpc/proto-loader';

export interface SyncGroupRequest {
  'groupId'?: (string);
  'memberId'?: (string);
  'generation'?: (number | string | Long);
  /**
   * From the leader alone: all members, and the partition counts by which they were assigned.
   */
  'assignments'?: (_streamhouse_v1_MemberAssignment)[];
  'topics'?: (_streamhouse_v1_AssignedTopic)[];
}

export interface SyncGroupRequest__Output {
  'groupId': (string);
  'memberId': (string);
  'generation': (number);
  /**
   * From the leader alone: all members, and the partition counts by which they were assigned.
   */
  'assignments': (_streamhouse_v1_MemberAssignment__Output)[];
  'topics': (_streamhouse_v1_AssignedTopic__Output)[];
}
