/** Figures. What has no source is null: never 0, never interpolated. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import { integer, integerText, measured, NO_FIELDS, type NoFields } from './schema.ts';

export interface ClusterMetrics {
  readonly topics_count: number;
  readonly partitions_count: number;
  readonly agents_count: number;
  readonly total_messages: number;
  readonly total_bytes: number;
  readonly produce_rate: number | null;
  readonly fetch_rate: number | null;
  readonly timestamp: number;
}

export interface Throughput {
  readonly produceRate: number | null;
  readonly fetchRate: number | null;
  readonly produceBytes: number | null;
  readonly fetchBytes: number | null;
}

export interface Latency {
  readonly produceP50: number | null;
  readonly produceP95: number | null;
  readonly produceP99: number | null;
  readonly fetchP50: number | null;
  readonly fetchP95: number | null;
  readonly fetchP99: number | null;
}

export interface TopicStats {
  readonly name: string;
  readonly partitions: number;
  readonly totalMessages: number;
  readonly totalBytes: number;
  readonly produceRate: number | null;
  readonly fetchRate: number | null;
}

export interface PartitionLag {
  readonly partition: number;
  readonly currentOffset: number | null;
  readonly logEndOffset: number;
  readonly lag: number | null;
  readonly lagSeconds: number | null;
}

export interface TopicLag {
  readonly topic: string;
  readonly totalLag: number;
  readonly partitionLags: readonly PartitionLag[];
}

export interface ConsumerLag {
  readonly groupId: string;
  readonly totalLag: number;
  readonly lagSeconds: number | null;
  readonly topicLags: readonly TopicLag[];
}

export interface ClusterHealth {
  readonly activeConnections: number | null;
  readonly totalTopics: number;
  readonly totalPartitions: number;
  readonly totalConsumers: number | null;
  readonly diskUsageBytes: number;
  readonly memoryUsageBytes: number | null;
  readonly goroutineCount: null;
}

export interface MonitoringMetrics {
  readonly throughput: Throughput;
  readonly latency: Latency;
  readonly topicStats: readonly TopicStats[];
  readonly consumerLags: readonly ConsumerLag[];
  readonly clusterHealth: ClusterHealth;
  readonly timestamp: number;
}

/** Column by column: the values at one index belong together, and are null while nothing was measured. */
export interface FiguresHistory
  extends Readonly<Record<keyof Throughput | keyof Latency, readonly (number | null)[]>> {
  readonly timestamp: readonly number[];
}

export interface HistoryQuery {
  readonly seconds?: number | undefined;
}

interface Asked<Response, Query = NoFields> {
  readonly path: NoFields;
  readonly query: Query;
  readonly body: undefined;
  readonly response: Response;
}

export interface MetricsOperations {
  'GET /api/v1/metrics': Asked<ClusterMetrics>;
  'GET /api/v1/metrics/history': Asked<FiguresHistory, HistoryQuery>;
  'GET /api/monitoring/metrics': Asked<MonitoringMetrics>;
}

const CLUSTER = object<ClusterMetrics>({
  topics_count: integer('Topics'),
  partitions_count: integer('Partitions of all topics'),
  agents_count: integer('Agents that are not given up'),
  total_messages: integer('Records that can be read'),
  total_bytes: integer('Bytes of stored records'),
  produce_rate: measured('Records per second that were acknowledged'),
  fetch_rate: measured('Records per second that were read'),
  timestamp: z.number().describe('Seconds since 1970'),
}).meta({ id: 'ClusterMetrics' });

export const THROUGHPUT: z.ZodType<Throughput> = object<Throughput>({
  produceRate: measured('Records per second that were acknowledged'),
  fetchRate: measured('Records per second that were read'),
  produceBytes: measured('Bytes per second that were acknowledged'),
  fetchBytes: measured('Bytes per second that were read'),
}).meta({ id: 'Throughput' });

export const LATENCY: z.ZodType<Latency> = object<Latency>({
  produceP50: measured('Seconds from a batch to its acknowledgement, median'),
  produceP95: measured('Seconds, 95th percentile'),
  produceP99: measured('Seconds, 99th percentile'),
  fetchP50: measured('Seconds from a fetch with records to read to its answer, median'),
  fetchP95: measured('Seconds, 95th percentile'),
  fetchP99: measured('Seconds, 99th percentile'),
}).meta({ id: 'Latency' });

export const TOPIC_STATS: z.ZodType<TopicStats> = object<TopicStats>({
  name: z.string(),
  partitions: integer('Number of partitions', 1),
  totalMessages: integer('Records that can be read'),
  totalBytes: integer('Bytes of stored records'),
  produceRate: measured('Records per second that were acknowledged'),
  fetchRate: measured('Records per second that were read'),
}).meta({ id: 'TopicStats' });

/** Shared with the endpoints of groups, like the next one. */
export const LAG_SECONDS: z.ZodType<number | null> = measured(
  'Seconds since the record that is read next could be read, the longest of all partitions; 0 when all is read',
);

export const TOPIC_LAG: z.ZodType<TopicLag> = object<TopicLag>({
  topic: z.string(),
  totalLag: integer('Records, over the partitions with a committed offset'),
  partitionLags: z.array(
    object<PartitionLag>({
      partition: integer('From 0'),
      currentOffset: integer('Committed: the next one that is read; null: none').nullable(),
      logEndOffset: integer('High watermark'),
      lag: integer(
        'High watermark less the committed offset, in records; null without one',
      ).nullable(),
      lagSeconds: LAG_SECONDS,
    }),
  ),
}).meta({ id: 'TopicLag' });

export const CONSUMER_LAG: z.ZodType<ConsumerLag> = object<ConsumerLag>({
  groupId: z.string(),
  totalLag: integer('Records'),
  lagSeconds: LAG_SECONDS,
  topicLags: z.array(TOPIC_LAG),
}).meta({ id: 'ConsumerLag' });

export const CLUSTER_HEALTH: z.ZodType<ClusterHealth> = object<ClusterHealth>({
  activeConnections: measured('Connections of clients to the agents'),
  totalTopics: integer('Topics'),
  totalPartitions: integer('Partitions of all topics'),
  totalConsumers: measured('Members of all groups'),
  diskUsageBytes: integer('Bytes of stored records in the object store'),
  memoryUsageBytes: measured('Resident memory of the agents, in bytes'),
  goroutineCount: z.null().describe('Kept for those who read the founding format: always null'),
}).meta({ id: 'ClusterHealth' });

export const MONITORING: z.ZodType<MonitoringMetrics> = object<MonitoringMetrics>({
  throughput: THROUGHPUT,
  latency: LATENCY,
  topicStats: z
    .array(TOPIC_STATS)
    .describe(`The first ${LIMITS.apiPageMax} by name; the list of topics has all`),
  consumerLags: z
    .array(CONSUMER_LAG)
    .describe(`The first ${LIMITS.apiFrameGroupsMax} by id; the list of groups has all`),
  clusterHealth: CLUSTER_HEALTH,
  timestamp: z
    .number()
    .describe(
      'Seconds since 1970 when throughput and latency were measured: that of their row in the history',
    ),
}).meta({ id: 'MonitoringMetrics' });

const HISTORY = object<FiguresHistory>({
  timestamp: z.array(z.number()).describe('Seconds since 1970, ascending'),
  produceRate: column('Records per second'),
  fetchRate: column('Records per second'),
  produceBytes: column('Bytes per second'),
  fetchBytes: column('Bytes per second'),
  produceP50: column('Seconds'),
  produceP95: column('Seconds'),
  produceP99: column('Seconds'),
  fetchP50: column('Seconds'),
  fetchP95: column('Seconds'),
  fetchP99: column('Seconds'),
}).meta({ id: 'FiguresHistory' });

function column(unit: string): z.ZodType<readonly (number | null)[]> {
  return z.array(z.number().min(0).nullable()).describe(`${unit}; null: nothing was measured`);
}

/** How far figures go back. */
export const HISTORY_SECONDS = { default: 60, max: 3_600 } as const;

const READ = {
  tag: 'metrics',
  access: { noun: 'metrics', verb: 'read' },
  path: NO_FIELDS,
  query: NO_FIELDS,
} as const;

export const METRICS_ROUTES: Routes<MetricsOperations> = {
  'GET /api/v1/metrics': {
    ...READ,
    operationId: 'getClusterMetrics',
    summary: 'The cluster in a few figures',
    response: CLUSTER,
  },
  'GET /api/v1/metrics/history': {
    ...READ,
    operationId: 'getFiguresHistory',
    summary: 'Throughput and latency of the last minutes, every two seconds',
    description: 'From the memory of the replica that answers: it begins when that has started.',
    query: object<HistoryQuery>({
      seconds: integerText('How far back', {
        min: 1,
        max: HISTORY_SECONDS.max,
        default: HISTORY_SECONDS.default,
      }).optional(),
    }),
    response: HISTORY,
  },
  'GET /api/monitoring/metrics': {
    ...READ,
    operationId: 'getMonitoringMetrics',
    summary: 'Throughput, latency, topics, lags and health as of now',
    response: MONITORING,
  },
};
