// Original file: proto/streamhouse/v1/producer.proto

import type { ProduceBatch as _streamhouse_v1_ProduceBatch, ProduceBatch__Output as _streamhouse_v1_ProduceBatch__Output } from '../../streamhouse/v1/ProduceBatch.ts';

export interface ProduceStreamRequest {
  'batches'?: (_streamhouse_v1_ProduceBatch)[];
}

export interface ProduceStreamRequest__Output {
  'batches': (_streamhouse_v1_ProduceBatch__Output)[];
}
