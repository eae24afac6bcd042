// Original file: proto/streamhouse/v1/metadata.proto

import type { Long } from '@grpc/proto-loader';

export interface AgentMetadata {
  'incarnation'?: (number | string | Long);
  'agentId'?: (string);
  /**
   * host:port that clients dial.
   */
  'address'?: (string);
  'zone'?: (string);
  'pool'?: (string);
  'draining'?: (boolean);
  /**
   * Milliseconds since 1970.
   */
  'startedAtMs'?: (number | string | Long);
  /**
   * Partitions whose lease it holds.
   */
  'leases'?: (number);
}

export interface AgentMetadata__Output {
  'incarnation': (number);
  'agentId': (string);
  /**
   * host:port that clients dial.
   */
  'address': (string);
  'zone': (string);
  'pool': (string);
  'draining': (boolean);
  /**
   * Milliseconds since 1970.
   */
  'startedAtMs': (number);
  /**
   * Partitions whose lease it holds.
   */
  'leases': (number);
}
