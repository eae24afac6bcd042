// Original file: proto/streamhouse/v1/producer.proto

import type { Long } from '@grpc/proto-loader';

export interface RecordPosition {
  'partition'?: (number);
  'offset'?: (number | string | Long);
  'timestampMs'?: (number | string | Long);
}

export interface RecordPosition__Output {
  'partition': (number);
  'offset': (number);
  'timestampMs': (number);
}
