// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/streamhouse/v1/group.proto

export const _streamhouse_v1_HeartbeatResponse_State = {
  STATE_UNSPECIFIED: 0,
  /**
   * Nothing to do.
   */
  STATE_STABLE: 1,
  /**
   * A new generation begins: join.
   */
  STATE_REBALANCING: 2,
} as const;

export type _streamhouse_v1_HeartbeatResponse_State =
  | 'STATE_UNSPECIFIED'
  | 0
  /**
   * Nothing to do.
   */
  | 'STATE_STABLE'
  | 1
  /**
   * A new generation begins: join.
   */
  | 'STATE_REBALANCING'
  | 2

export type _streamhouse_v1_HeartbeatResponse_State__Output = typeof _streamhouse_v1_HeartbeatResponse_State[keyof typeof _streamhouse_v1_HeartbeatResponse_State]

/**
 * One for each request, and one whenever the state changes.
 */
export interface HeartbeatResponse {
  'state'?: (_streamhouse_v1_HeartbeatResponse_State);
  'generation'?: (number | string | Long);
}

/**
 * One for each request, and one whenever the state changes.
 */
export interface HeartbeatResponse__Output {
  'state': (_streamhouse_v1_HeartbeatResponse_State__Output);
  'generation': (number);
}
