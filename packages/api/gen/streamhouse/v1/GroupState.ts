// Original file: proto/streamhouse/v1/group.proto

export const GroupState = {
  GROUP_STATE_UNSPECIFIED: 0,
  /**
   * No members.
   */
  GROUP_STATE_EMPTY: 1,
  /**
   * A generation has begun, and its assignment is not there yet.
   */
  GROUP_STATE_REBALANCING: 2,
  GROUP_STATE_STABLE: 3,
} as const;

export type GroupState =
  | 'GROUP_STATE_UNSPECIFIED'
  | 0
  /**
   * No members.
   */
  | 'GROUP_STATE_EMPTY'
  | 1
  /**
   * A generation has begun, and its assignment is not there yet.
   */
  | 'GROUP_STATE_REBALANCING'
  | 2
  | 'GROUP_STATE_STABLE'
  | 3

export type GroupState__Output = typeof GroupState[keyof typeof GroupState]
