// Original file: proto/streamhouse/v1/producer.proto

import type { ProduceRecord as _streamhouse_v1_ProduceRecord, ProduceRecord__Output as _streamhouse_v1_ProduceRecord__Output } from '../../streamhouse/v1/ProduceRecord.ts';
import type { Durability as _streamhouse_v1_Durability, Durability__Output as _streamhouse_v1_Durability__Output } from '../../streamhouse/v1/Durability.ts';

export interface ProduceRequest {
  'topic'?: (string);
  /**
   * Absent: each record goes where Kafka's default partitioner sends its key; those without a key go to one partition, of
   * those that the agent holds if there are any.
   */
  'partition'?: (number);
  'records'?: (_streamhouse_v1_ProduceRecord)[];
  'durability'?: (_streamhouse_v1_Durability);
  '_partition'?: "partition";
}

export interface ProduceRequest__Output {
  'topic': (string);
  /**
   * Absent: each record goes where Kafka's default partitioner sends its key; those without a key go to one partition, of
   * those that the agent holds if there are any.
   */
  'partition'?: (number);
  'records': (_streamhouse_v1_ProduceRecord__Output)[];
  'durability': (_streamhouse_v1_Durability__Output);
  '_partition'?: "partition";
}
