// Original file: proto/streamhouse/v1/group.proto


export interface AssignedTopic {
  'topicId'?: (Buffer | Uint8Array | string);
  'partitions'?: (number);
}

export interface AssignedTopic__Output {
  'topicId': (Buffer);
  'partitions': (number);
}
