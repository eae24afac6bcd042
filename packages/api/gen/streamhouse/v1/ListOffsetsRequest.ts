// Original file: proto/streamhouse/v1/consumer.proto

import type { ListOffsetsPartition as _streamhouse_v1_ListOffsetsPartition, ListOffsetsPartition__Output as _streamhouse_v1_ListOffsetsPartition__Output } from '../../streamhouse/v1/ListOffsetsPartition.ts';

export interface ListOffsetsRequest {
  'partitions'?: (_streamhouse_v1_ListOffsetsPartition)[];
}

export interface ListOffsetsRequest__Output {
  'partitions': (_streamhouse_v1_ListOffsetsPartition__Output)[];
}
