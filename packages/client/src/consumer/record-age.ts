/** When the first unread records were written: what lag in seconds is. */
import type { FetchRequest } from '@streamhouse/api/gen/streamhouse/v1/FetchRequest.ts';
import type { FetchResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { offset } from '@streamhouse/core/ids.ts';
import { iterateBatches } from '@streamhouse/core/record/batch-header.ts';
import { decodeBatch } from '@streamhouse/core/record/decode.ts';
import { callUnary } from '../cluster/agent-channel.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { requireAnswers } from '../cluster/wire-error.ts';
import { askHolders, type PartitionPlace } from './offset-lookup.ts';

/** Room for a batch of each of many partitions; one that finds none is asked for again. */
const FETCH_BYTES = 1_048_576;

export interface PlaceAt extends PartitionPlace {
  readonly position: number;
}

/**
 * Timestamp in milliseconds since 1970 of the first record at or after each position; none where nothing can be read.
 *
 * @throws StreamError of a holder that cannot be asked.
 */
export async function lookUpTimestamps<P extends PlaceAt>(
  cluster: Cluster,
  places: readonly P[],
  signal: AbortSignal | undefined,
): Promise<Map<P, number>> {
  const timestamps = new Map<P, number>();
  const asked = new Set<P>();
  await askHolders(cluster, places, signal, {
    isAnswered: (place) => asked.has(place),
    ask: async (address, open, attemptSignal) => {
      for (let left = open; left.length > 0; left = left.filter((place) => !asked.has(place))) {
        const batches = await fetchFirst(cluster, address, left, attemptSignal);
        const isOver = batches.every((bytes) => bytes.length === 0);
        for (const [index, place] of left.entries()) {
          const bytes = batches[index];
          if (bytes === undefined || (bytes.length === 0 && !isOver)) continue;
          asked.add(place);
          const timestampMs = firstTimestamp(bytes, place.position);
          if (timestampMs !== undefined) timestamps.set(place, timestampMs);
        }
      }
    },
  });
  return timestamps;
}

async function fetchFirst(
  cluster: Cluster,
  address: string,
  places: readonly PlaceAt[],
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const { consumer } = cluster.channel(address);
  const { partitions } = await callUnary<FetchRequest, FetchResponse__Output>(
    (...call) => consumer.fetch(...call),
    {
      partitions: places.map(({ topicIdBytes, partition, position }) => ({
        topicId: topicIdBytes,
        partition,
        offset: position,
      })),
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      maxWaitMs: 0,
    },
    { signal, timeoutMs: cluster.requestTimeoutMs, clock: cluster.clock },
  );
  requireAnswers(places, partitions);
  return partitions.map(({ recordBatches }) => recordBatches);
}

function firstTimestamp(bytes: Uint8Array, position: number): number | undefined {
  const options = { port: nativeCompression, crc32c, fromOffset: offset(position) };
  try {
    for (const batch of iterateBatches(bytes)) {
      const [first] = decodeBatch(bytes, batch.position, options);
      if (first !== undefined) return first.timestampMs;
    }
  } catch (error) {
    // Who reads these records is told of it; how old they are cannot be said.
    if (!(error instanceof StreamError)) throw error;
  }
  return undefined;
}
