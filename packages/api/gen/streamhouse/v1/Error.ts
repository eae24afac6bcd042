// Original file: proto/streamhouse/v1/producer.proto


/**
 * Why one part of a request failed. The same facts as google.rpc.ErrorInfo has for a whole call.
 */
export interface Error {
  /**
   * One of the closed list of kinds, for example "notHolder".
   */
  'kind'?: (string);
  /**
   * Stable, upper snake case, for example "NOT_HOLDER".
   */
  'reason'?: (string);
  'message'?: (string);
  /**
   * Milliseconds to wait before a retry; 0: the client's own backoff.
   */
  'retryAfterMs'?: (number);
  'details'?: ({[key: string]: string});
}

/**
 * Why one part of a request failed. The same facts as google.rpc.ErrorInfo has for a whole call.
 */
export interface Error__Output {
  /**
   * One of the closed list of kinds, for example "notHolder".
   */
  'kind': (string);
  /**
   * Stable, upper snake case, for example "NOT_HOLDER".
   */
  'reason': (string);
  'message': (string);
  /**
   * Milliseconds to wait before a retry; 0: the client's own backoff.
   */
  'retryAfterMs': (number);
  'details': ({[key: string]: string});
}
