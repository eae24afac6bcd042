// Original file: proto/streamhouse/v1/group.proto

import type { GroupState as _streamhouse_v1_GroupState, GroupState__Output as _streamhouse_v1_GroupState__Output } from '../../streamhouse/v1/GroupState.ts';
import type { Long } from '@grpc/proto-loader';

export interface GroupListing {
  'groupId'?: (string);
  'state'?: (_streamhouse_v1_GroupState);
  'generation'?: (number | string | Long);
  'members'?: (number);
  /**
   * Empty without members.
   */
  'assignor'?: (string);
}

export interface GroupListing__Output {
  'groupId': (string);
  'state': (_streamhouse_v1_GroupState__Output);
  'generation': (number);
  'members': (number);
  /**
   * Empty without members.
   */
  'assignor': (string);
}
