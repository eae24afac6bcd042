// Original file: proto/streamhouse/v1/metadata.proto

import type { GetMetadataResponse as _streamhouse_v1_GetMetadataResponse, GetMetadataResponse__Output as _streamhouse_v1_GetMetadataResponse__Output } from '../../streamhouse/v1/GetMetadataResponse.ts';

export interface WatchMetadataResponse {
  /**
   * Absent: nothing changed since the last message.
   */
  'metadata'?: (_streamhouse_v1_GetMetadataResponse | null);
}

export interface WatchMetadataResponse__Output {
  /**
   * Absent: nothing changed since the last message.
   */
  'metadata': (_streamhouse_v1_GetMetadataResponse__Output | null);
}
