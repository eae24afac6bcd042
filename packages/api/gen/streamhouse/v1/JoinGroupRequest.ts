// Original file: proto/streamhouse/v1/group.proto

import type { GroupPartition as _streamhouse_v1_GroupPartition, GroupPartition__Output as _streamhouse_v1_GroupPartition__Output } from '../../streamhouse/v1/GroupPartition.ts';
import type { Long } from '@grpc/proto-loader';

export interface JoinGroupRequest {
  'groupId'?: (string);
  /**
   * A UUID that the member has chosen for this life of its own; the same in every call.
   */
  'memberId'?: (string);
  /**
   * Static membership: a member that comes back under this name in time gets what it had, and no other is disturbed.
   */
  'groupInstanceId'?: (string);
  /**
   * For people: which program it is.
   */
  'clientId'?: (string);
  /**
   * Milliseconds without a sign of life after which the member is given up.
   */
  'sessionTimeoutMs'?: (number);
  /**
   * Milliseconds that others wait for this member when a generation begins.
   */
  'rebalanceTimeoutMs'?: (number);
  /**
   * Assignors that it can use, preferred first. The group takes one that all members have.
   */
  'assignors'?: (string)[];
  /**
   * Names of the topics that it reads.
   */
  'topics'?: (string)[];
  /**
   * What it still owns, and since which generation.
   */
  'owned'?: (_streamhouse_v1_GroupPartition)[];
  'ownedGeneration'?: (number | string | Long);
  '_groupInstanceId'?: "groupInstanceId";
}

export interface JoinGroupRequest__Output {
  'groupId': (string);
  /**
   * A UUID that the member has chosen for this life of its own; the same in every call.
   */
  'memberId': (string);
  /**
   * Static membership: a member that comes back under this name in time gets what it had, and no other is disturbed.
   */
  'groupInstanceId'?: (string);
  /**
   * For people: which program it is.
   */
  'clientId': (string);
  /**
   * Milliseconds without a sign of life after which the member is given up.
   */
  'sessionTimeoutMs': (number);
  /**
   * Milliseconds that others wait for this member when a generation begins.
   */
  'rebalanceTimeoutMs': (number);
  /**
   * Assignors that it can use, preferred first. The group takes one that all members have.
   */
  'assignors': (string)[];
  /**
   * Names of the topics that it reads.
   */
  'topics': (string)[];
  /**
   * What it still owns, and since which generation.
   */
  'owned': (_streamhouse_v1_GroupPartition__Output)[];
  'ownedGeneration': (number);
  '_groupInstanceId'?: "groupInstanceId";
}
