// Original file: proto/streamhouse/v1/consumer.proto

import type { FetchedPartition as _streamhouse_v1_FetchedPartition, FetchedPartition__Output as _streamhouse_v1_FetchedPartition__Output } from '../../streamhouse/v1/FetchedPartition.ts';

export interface FetchResponse {
  'partitions'?: (_streamhouse_v1_FetchedPartition)[];
}

export interface FetchResponse__Output {
  'partitions': (_streamhouse_v1_FetchedPartition__Output)[];
}
