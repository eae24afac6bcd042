// Original file: proto/streamhouse/v1/group.proto


export interface GroupPartition {
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId'?: (Buffer | Uint8Array | string);
  'partition'?: (number);
}

export interface GroupPartition__Output {
  /**
   * UUID of the topic, 16 bytes.
   */
  'topicId': (Buffer);
  'partition': (number);
}
