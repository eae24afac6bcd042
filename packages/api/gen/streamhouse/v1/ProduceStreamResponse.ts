// Original file: proto/streamhouse/v1/producer.proto

import type { ProduceAck as _streamhouse_v1_ProduceAck, ProduceAck__Output as _streamhouse_v1_ProduceAck__Output } from '../../streamhouse/v1/ProduceAck.ts';

export interface ProduceStreamResponse {
  'acks'?: (_streamhouse_v1_ProduceAck)[];
  /**
   * Set once, when the agent is draining: send nothing new on this stream, wait for what is in flight, refresh metadata.
   */
  'draining'?: (boolean);
}

export interface ProduceStreamResponse__Output {
  'acks': (_streamhouse_v1_ProduceAck__Output)[];
  /**
   * Set once, when the agent is draining: send nothing new on this stream, wait for what is in flight, refresh metadata.
   */
  'draining': (boolean);
}
