// Original file: proto/streamhouse/v1/consumer.proto

import type { ListedOffset as _streamhouse_v1_ListedOffset, ListedOffset__Output as _streamhouse_v1_ListedOffset__Output } from '../../streamhouse/v1/ListedOffset.ts';

export interface ListOffsetsResponse {
  'offsets'?: (_streamhouse_v1_ListedOffset)[];
}

export interface ListOffsetsResponse__Output {
  'offsets': (_streamhouse_v1_ListedOffset__Output)[];
}
