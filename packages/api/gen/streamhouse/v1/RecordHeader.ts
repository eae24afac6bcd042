// Original file: proto/streamhouse/v1/producer.proto


export interface RecordHeader {
  'name'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  '_value'?: "value";
}

export interface RecordHeader__Output {
  'name': (string);
  'value'?: (Buffer);
  '_value'?: "value";
}
