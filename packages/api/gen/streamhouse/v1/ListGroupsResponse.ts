// Original file: proto/streamhouse/v1/group.proto

import type { GroupListing as _streamhouse_v1_GroupListing, GroupListing__Output as _streamhouse_v1_GroupListing__Output } from '../../streamhouse/v1/GroupListing.ts';

export interface ListGroupsResponse {
  /**
   * By id.
   */
  'groups'?: (_streamhouse_v1_GroupListing)[];
  'hasMore'?: (boolean);
}

export interface ListGroupsResponse__Output {
  /**
   * By id.
   */
  'groups': (_streamhouse_v1_GroupListing__Output)[];
  'hasMore': (boolean);
}
