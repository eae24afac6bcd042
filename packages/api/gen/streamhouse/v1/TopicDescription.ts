// Original file: proto/streamhouse/v1/admin.proto

import type { Durability as _streamhouse_v1_Durability, Durability__Output as _streamhouse_v1_Durability__Output } from '../../streamhouse/v1/Durability.ts';
import type { Long } from '@grpc/proto-loader';

export interface TopicDescription {
  'name'?: (string);
  'topicId'?: (Buffer | Uint8Array | string);
  'partitions'?: (number);
  'retentionMs'?: (number | string | Long);
  'retentionBytes'?: (number | string | Long);
  'durability'?: (_streamhouse_v1_Durability);
  'pool'?: (string);
  'config'?: ({[key: string]: string});
  /**
   * "api" or "kubernetes". Only the resource changes and deletes what it owns; others get TOPIC_MANAGED.
   */
  'ownerKind'?: (string);
  'createdAtMs'?: (number | string | Long);
  /**
   * The Topic resource that owns it; empty when owner_kind is "api".
   */
  'ownerNamespace'?: (string);
  'ownerName'?: (string);
  'ownerUid'?: (string);
}

export interface TopicDescription__Output {
  'name': (string);
  'topicId': (Buffer);
  'partitions': (number);
  'retentionMs': (number);
  'retentionBytes': (number);
  'durability': (_streamhouse_v1_Durability__Output);
  'pool': (string);
  'config': ({[key: string]: string});
  /**
   * "api" or "kubernetes". Only the resource changes and deletes what it owns; others get TOPIC_MANAGED.
   */
  'ownerKind': (string);
  'createdAtMs': (number);
  /**
   * The Topic resource that owns it; empty when owner_kind is "api".
   */
  'ownerNamespace': (string);
  'ownerName': (string);
  'ownerUid': (string);
}
