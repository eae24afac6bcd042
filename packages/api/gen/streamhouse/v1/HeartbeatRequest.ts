// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

/**
 * All requests of a stream are of one member.
 */
export interface HeartbeatRequest {
  'groupId'?: (string);
  'memberId'?: (string);
  /**
   * 0 until its first join is answered.
   */
  'generation'?: (number | string | Long);
}

/**
 * All requests of a stream are of one member.
 */
export interface HeartbeatRequest__Output {
  'groupId': (string);
  'memberId': (string);
  /**
   * 0 until its first join is answered.
   */
  'generation': (number);
}
