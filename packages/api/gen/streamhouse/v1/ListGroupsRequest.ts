// Original file: proto/streamhouse/v1/group.proto


export interface ListGroupsRequest {
  /**
   * Groups after this one, by id; empty: from the first.
   */
  'after'?: (string);
  /**
   * 0: the agent's bound.
   */
  'limit'?: (number);
}

export interface ListGroupsRequest__Output {
  /**
   * Groups after this one, by id; empty: from the first.
   */
  'after': (string);
  /**
   * 0: the agent's bound.
   */
  'limit': (number);
}
