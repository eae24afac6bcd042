// Original file: proto/streamhouse/v1/metadata.proto


export interface WatchMetadataRequest {
  /**
   * Empty: all topics.
   */
  'topics'?: (string)[];
}

export interface WatchMetadataRequest__Output {
  /**
   * Empty: all topics.
   */
  'topics': (string)[];
}
