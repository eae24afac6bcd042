// Original file: proto/streamhouse/v1/group.proto

import type { GroupListing as _streamhouse_v1_GroupListing, GroupListing__Output as _streamhouse_v1_GroupListing__Output } from '../../streamhouse/v1/GroupListing.ts';
import type { MemberDescription as _streamhouse_v1_MemberDescription, MemberDescription__Output as _streamhouse_v1_MemberDescription__Output } from '../../streamhouse/v1/MemberDescription.ts';
import type { CommittedOffset as _streamhouse_v1_CommittedOffset, CommittedOffset__Output as _streamhouse_v1_CommittedOffset__Output } from '../../streamhouse/v1/CommittedOffset.ts';

export interface DescribeGroupResponse {
  'group'?: (_streamhouse_v1_GroupListing | null);
  /**
   * Agent that coordinates it; empty while there is none.
   */
  'coordinator'?: (string);
  'members'?: (_streamhouse_v1_MemberDescription)[];
  /**
   * Sorted by topic id and partition.
   */
  'offsets'?: (_streamhouse_v1_CommittedOffset)[];
}

export interface DescribeGroupResponse__Output {
  'group': (_streamhouse_v1_GroupListing__Output | null);
  /**
   * Agent that coordinates it; empty while there is none.
   */
  'coordinator': (string);
  'members': (_streamhouse_v1_MemberDescription__Output)[];
  /**
   * Sorted by topic id and partition.
   */
  'offsets': (_streamhouse_v1_CommittedOffset__Output)[];
}
