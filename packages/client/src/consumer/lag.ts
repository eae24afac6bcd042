/** How far positions are behind, in records and in time (G-08). */
import type { Cluster } from '../cluster/cluster.ts';
import type { ConsumerLag, PartitionLag } from '../public/consumer.ts';
import { lookUpOffsets } from './offset-lookup.ts';
import { lookUpTimestamps, type PlaceAt } from './record-age.ts';

const SECOND_MS = 1_000;

/** How far the high watermarks are from these positions, in records and in seconds. */
export async function measureLag(
  cluster: Cluster,
  places: readonly PlaceAt[],
  signal: AbortSignal | undefined,
): Promise<ConsumerLag> {
  const ends = await lookUpOffsets(cluster, places, 'latest', signal);
  const behind = places.filter((place) => (ends.get(place) ?? 0) > place.position);
  const timestamps = await lookUpTimestamps(cluster, behind, signal);
  const nowMs = cluster.clock.wallMs();
  const partitions = places.map((place): PartitionLag => {
    const { topic, partition, position } = place;
    const highWatermark = ends.get(place) ?? position;
    const lag = Math.max(0, highWatermark - position);
    const timestampMs = timestamps.get(place) ?? nowMs;
    const lagSeconds = Math.max(0, nowMs - timestampMs) / SECOND_MS;
    return { topic, partition, position, highWatermark, lag, lagSeconds };
  });
  return {
    total: partitions.reduce((total, { lag }) => total + lag, 0),
    lagSeconds: partitions.reduce((most, { lagSeconds }) => Math.max(most, lagSeconds), 0),
    partitions,
  };
}
