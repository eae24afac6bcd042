import {
  type ConsumerLag,
  HISTORY_SECONDS,
  type MetricsOperations,
  type MonitoringMetrics,
  type TopicLag,
} from '@streamhouse/api/rest/metrics.ts';
import type { Clock } from '@streamhouse/core/async/clock.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Catalogue, GroupPartition } from '@streamhouse/store/metadata/catalogue.ts';
import type { FiguresSource } from '../figures-source.ts';
import type { Handlers } from '../handler.ts';

export interface MetricsParts {
  readonly catalogue: Catalogue;
  readonly figures: FiguresSource;
  readonly clock: Clock;
}

export function metricsHandlers(parts: MetricsParts): Handlers<MetricsOperations> {
  const { catalogue, figures, clock } = parts;
  return {
    'GET /api/v1/metrics': async ({ signal }) => {
      const [totals, agents] = await Promise.all([
        catalogue.totals(signal),
        catalogue.agents(signal),
      ]);
      const { produceRate, fetchRate } = figures.current().throughput;
      return {
        body: {
          topics_count: totals.topics,
          partitions_count: totals.partitions,
          agents_count: agents.filter(({ isFenced }) => !isFenced).length,
          total_messages: totals.records,
          total_bytes: totals.bytes,
          produce_rate: produceRate,
          fetch_rate: fetchRate,
          timestamp: clock.wallMs() / 1_000,
        },
      };
    },
    'GET /api/v1/metrics/history': ({ query }) =>
      Promise.resolve({ body: figures.history(query.seconds ?? HISTORY_SECONDS.default) }),
    'GET /api/monitoring/metrics': async ({ signal }) => ({
      body: await monitoringMetrics(parts, signal),
    }),
  };
}

/** One frame of the founding format. Of topics and groups the first ones: the lists have the others. */
export async function monitoringMetrics(
  { catalogue, figures, clock }: MetricsParts,
  signal: AbortSignal,
): Promise<MonitoringMetrics> {
  const slice = { after: undefined, limit: LIMITS.apiPageMax, contains: '' };
  const [totals, topics, groups] = await Promise.all([
    catalogue.totals(signal),
    catalogue.topics({ ...slice, order: 'name', isDescending: false }, signal),
    catalogue.committed(LIMITS.apiFrameGroupsMax, signal),
  ]);
  const now = figures.current();
  return {
    throughput: now.throughput,
    latency: now.latency,
    topicStats: topics.items.map(({ topicId, name, partitions, records, bytes }) => ({
      name,
      partitions,
      totalMessages: records,
      totalBytes: bytes,
      ...now.topic(topicId),
    })),
    consumerLags: groups.map(({ groupId, partitions }) => consumerLag(groupId, partitions)),
    clusterHealth: {
      activeConnections: now.activeConnections,
      totalTopics: totals.topics,
      totalPartitions: totals.partitions,
      totalConsumers: totals.consumers,
      diskUsageBytes: totals.bytes,
      memoryUsageBytes: now.memoryUsageBytes,
      goroutineCount: null,
    },
    timestamp: now.measuredAt ?? clock.wallMs() / 1_000,
  };
}

/** How far a group is behind, by topic. */
export function consumerLag(groupId: string, partitions: readonly GroupPartition[]): ConsumerLag {
  const topicLags = [...Map.groupBy(partitions, ({ topic }) => topic)].map(
    ([topic, list]): TopicLag => ({
      topic,
      totalLag: totalLag(list),
      partitionLags: list.map((partition) => ({
        partition: partition.partition,
        currentOffset: partition.committed ?? null,
        logEndOffset: partition.highWatermark,
        lag: lagOf(partition) ?? null,
        lagSeconds: lagSeconds([partition]),
      })),
    }),
  );
  return {
    groupId,
    totalLag: totalLag(partitions),
    lagSeconds: lagSeconds(partitions),
    topicLags,
  };
}

export function totalLag(partitions: readonly GroupPartition[]): number {
  return partitions.reduce((sum, partition) => sum + (lagOf(partition) ?? 0), 0);
}

/** The longest of those that are known. */
export function lagSeconds(partitions: readonly GroupPartition[]): number | null {
  const known = partitions.flatMap(({ unreadMs }) => unreadMs ?? []);
  return known.length === 0 ? null : Math.max(...known) / 1_000;
}

/** Records that a group has not read; undefined where it has committed nothing. */
export function lagOf({ committed, highWatermark }: GroupPartition): number | undefined {
  return committed === undefined ? undefined : Math.max(0, highWatermark - committed);
}
