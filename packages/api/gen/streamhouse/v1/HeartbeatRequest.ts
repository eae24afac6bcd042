// Original file: proto/streamhouse/v1/group.proto

import type { Long } from '@grpc/proto-loader';

export interface HeartbeatRequest {
  'groupId'?: (string);
  'memberId'?: (string);
  'generation'?: (number | string | Long);
}

export interface HeartbeatRequest__Output {
  'groupId': (string);
  'memberId': (string);
  'generation': (number);
}
