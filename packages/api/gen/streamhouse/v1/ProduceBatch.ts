// Original file: proto/streamhouse/v1/producer.proto

import type { Durability as _streamhouse_v1_Durability, Durability__Output as _streamhouse_v1_Durability__Output } from '../../streamhouse/v1/Durability.ts';
import type { Long } from '@grpc/proto-loader';

export interface ProduceBatch {
  /**
   * Chosen by the client, unique in the stream; comes back in the acknowledgement.
   */
  'requestId'?: (number | string | Long);
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
  /**
   * One RecordBatch in Kafka's v2 layout; its base offset is ignored.
   */
  'recordBatch'?: (Buffer | Uint8Array | string);
  'durability'?: (_streamhouse_v1_Durability);
}

export interface ProduceBatch__Output {
  /**
   * Chosen by the client, unique in the stream; comes back in the acknowledgement.
   */
  'requestId': (number);
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId': (Buffer);
  'partition': (number);
  /**
   * One RecordBatch in Kafka's v2 layout; its base offset is ignored.
   */
  'recordBatch': (Buffer);
  'durability': (_streamhouse_v1_Durability__Output);
}
