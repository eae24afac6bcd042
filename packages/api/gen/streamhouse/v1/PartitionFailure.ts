// Original file: proto/streamhouse/v1/group.proto

import type { Error as _streamhouse_v1_Error, Error__Output as _streamhouse_v1_Error__Output } from '../../streamhouse/v1/Error.ts';

export interface PartitionFailure {
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  'error'?: (_streamhouse_v1_Error | null);
}

export interface PartitionFailure__Output {
  'topicId': (Buffer);
  'partition': (number);
  'error': (_streamhouse_v1_Error__Output | null);
}
