// Original file: proto/streamhouse/v1/admin.proto

import type { Durability as _streamhouse_v1_Durability, Durability__Output as _streamhouse_v1_Durability__Output } from '../../streamhouse/v1/Durability.ts';
import type { Long } from '@grpc/proto-loader';

export interface TopicConfig {
  /**
   * Absent: one partition at creation, unchanged at alteration.
   */
  'partitions'?: (number);
  /**
   * Milliseconds; -1: for ever. Absent: 7 days at creation, unchanged at alteration.
   */
  'retentionMs'?: (number | string | Long);
  /**
   * Bytes per partition; -1: no bound. Absent: no bound at creation, unchanged at alteration.
   */
  'retentionBytes'?: (number | string | Long);
  /**
   * Unspecified: object at creation, unchanged at alteration.
   */
  'durability'?: (_streamhouse_v1_Durability);
  /**
   * Which agents may hold its partitions. Absent: "default" at creation, unchanged at alteration.
   */
  'pool'?: (string);
  /**
   * Known keys: maxRecordBytes.
   */
  'config'?: ({[key: string]: string});
  '_partitions'?: "partitions";
  '_retentionMs'?: "retentionMs";
  '_retentionBytes'?: "retentionBytes";
  '_pool'?: "pool";
}

export interface TopicConfig__Output {
  /**
   * Absent: one partition at creation, unchanged at alteration.
   */
  'partitions'?: (number);
  /**
   * Milliseconds; -1: for ever. Absent: 7 days at creation, unchanged at alteration.
   */
  'retentionMs'?: (number);
  /**
   * Bytes per partition; -1: no bound. Absent: no bound at creation, unchanged at alteration.
   */
  'retentionBytes'?: (number);
  /**
   * Unspecified: object at creation, unchanged at alteration.
   */
  'durability': (_streamhouse_v1_Durability__Output);
  /**
   * Which agents may hold its partitions. Absent: "default" at creation, unchanged at alteration.
   */
  'pool'?: (string);
  /**
   * Known keys: maxRecordBytes.
   */
  'config': ({[key: string]: string});
  '_partitions'?: "partitions";
  '_retentionMs'?: "retentionMs";
  '_retentionBytes'?: "retentionBytes";
  '_pool'?: "pool";
}
