// Original file: proto/streamhouse/v1/metadata.proto


export interface GetMetadataRequest {
  /**
   * Empty: all topics.
   */
  'topics'?: (string)[];
}

export interface GetMetadataRequest__Output {
  /**
   * Empty: all topics.
   */
  'topics': (string)[];
}
