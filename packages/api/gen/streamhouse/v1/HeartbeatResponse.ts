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
 * One for each request, and one at once when a generation begins. The stream fails with UNKNOWN_MEMBER when the member is
 * given up or expelled, and with FENCED_INSTANCE when a newer life of the same static member has come.
 */
export interface HeartbeatResponse {
  'state'?: (_streamhouse_v1_HeartbeatResponse_State);
  /**
   * The one that `state` is about. Of a member that has joined a later one meanwhile this is old news.
   */
  'generation'?: (number | string | Long);
}

/**
 * One for each request, and one at once when a generation begins. The stream fails with UNKNOWN_MEMBER when the member is
 * given up or expelled, and with FENCED_INSTANCE when a newer life of the same static member has come.
 */
export interface HeartbeatResponse__Output {
  'state': (_streamhouse_v1_HeartbeatResponse_State__Output);
  /**
   * The one that `state` is about. Of a member that has joined a later one meanwhile this is old news.
   */
  'generation': (number);
}
