// Original file: proto/streamhouse/v1/group.proto

import type { JoinedMember as _streamhouse_v1_JoinedMember, JoinedMember__Output as _streamhouse_v1_JoinedMember__Output } from '../../streamhouse/v1/JoinedMember.ts';
import type { Long } from '@grpc/proto-loader';

export interface JoinGroupResponse {
  'generation'?: (number | string | Long);
  'assignor'?: (string);
  /**
   * Member that computes the assignment.
   */
  'leaderId'?: (string);
  /**
   * For the leader alone, and empty when this generation is assigned already: its sync then needs no assignments.
   */
  'members'?: (_streamhouse_v1_JoinedMember)[];
}

export interface JoinGroupResponse__Output {
  'generation': (number);
  'assignor': (string);
  /**
   * Member that computes the assignment.
   */
  'leaderId': (string);
  /**
   * For the leader alone, and empty when this generation is assigned already: its sync then needs no assignments.
   */
  'members': (_streamhouse_v1_JoinedMember__Output)[];
}
