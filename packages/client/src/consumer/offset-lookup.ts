/** Asks the holders for offsets: the earliest, the latest, or those of a timestamp. */
import type { ListedOffset__Output as ListedOffset } from '@streamhouse/api/gen/streamhouse/v1/ListedOffset.ts';
import type { ListOffsetsPartition } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsPartition.ts';
import type { ListOffsetsRequest } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsRequest.ts';
import type { ListOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListOffsetsResponse.ts';
import { retry } from '@streamhouse/core/async/retry.ts';
import { StreamError, toStreamError } from '@streamhouse/core/errors.ts';
import { callUnary } from '../cluster/agent-channel.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { partitionHolder } from '../cluster/cluster-view.ts';
import { partError, requireAnswers } from '../cluster/wire-error.ts';

/** A partition as agents know it and as people do. */
export interface PartitionPlace {
  readonly topic: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
}

export type OffsetQuestion = 'earliest' | 'latest' | { readonly timestampMs: number };

const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000 };

/**
 * The offset for each partition, whatever moves in between.
 *
 * @throws StreamError of the first partition that cannot be answered, once trying again is of no use.
 */
export async function lookUpOffsets<P extends PartitionPlace>(
  cluster: Cluster,
  places: readonly P[],
  question: OffsetQuestion,
  signal: AbortSignal | undefined,
): Promise<Map<P, number>> {
  const offsets = new Map<P, number>();
  await askHolders(cluster, places, signal, {
    isAnswered: (place) => offsets.has(place),
    ask: async (address, asked, attemptSignal) => {
      for (const [place, listed] of await list(cluster, address, asked, question, attemptSignal)) {
        if (listed.error !== null) throw partError(listed.error);
        offsets.set(place, listed.offset);
      }
    },
  });
  return offsets;
}

export interface HolderQuestion<P> {
  readonly isAnswered: (place: P) => boolean;
  readonly ask: (address: string, places: readonly P[], signal: AbortSignal) => Promise<void>;
}

/**
 * Asks the holders of partitions until each is answered, whatever moves in between.
 *
 * @throws StreamError of the first that cannot be, once trying again is of no use.
 */
export async function askHolders<P extends PartitionPlace>(
  cluster: Cluster,
  places: readonly P[],
  signal: AbortSignal | undefined,
  question: HolderQuestion<P>,
): Promise<void> {
  const { clock, random, requestTimeoutMs } = cluster;
  const options = {
    clock,
    random,
    signal: signal === undefined ? cluster.signal : AbortSignal.any([signal, cluster.signal]),
    timeoutMs: requestTimeoutMs,
    ...BACKOFF,
  };
  await retry(options, async (attemptSignal) => {
    const missing = places.filter((place) => !question.isAnswered(place));
    try {
      const parts = [...byHolder(cluster, missing)].map(([address, asked]) =>
        question.ask(address, asked, attemptSignal),
      );
      for (const answer of await Promise.allSettled(parts)) {
        if (answer.status === 'rejected') throw answer.reason;
      }
    } catch (error) {
      if (toStreamError(error).isRetriable) cluster.requestRefresh();
      throw error;
    }
  });
}

function byHolder<P extends PartitionPlace>(
  cluster: Cluster,
  places: readonly P[],
): Map<string, P[]> {
  return Map.groupBy(places, ({ topic, partition }) => {
    const address = partitionHolder(cluster.view, topic, partition);
    if (address !== undefined) return address;
    throw new StreamError(
      'unavailable',
      'NO_HOLDER',
      `partition ${partition} of topic "${topic}" has no holder yet`,
    );
  });
}

async function list<P extends PartitionPlace>(
  cluster: Cluster,
  address: string,
  places: readonly P[],
  question: OffsetQuestion,
  signal: AbortSignal,
): Promise<(readonly [P, ListedOffset])[]> {
  const { consumer } = cluster.channel(address);
  const { offsets } = await callUnary<ListOffsetsRequest, ListOffsetsResponse__Output>(
    (...call) => consumer.listOffsets(...call),
    { partitions: places.map((place) => ({ ...placeOf(place), ...questionOf(question) })) },
    { signal, timeoutMs: cluster.requestTimeoutMs, clock: cluster.clock },
  );
  requireAnswers(places, offsets);
  return offsets.map((listed, index) => [places[index] as P, listed]);
}

function placeOf({ topicIdBytes, partition }: PartitionPlace): ListOffsetsPartition {
  return { topicId: topicIdBytes, partition };
}

function questionOf(question: OffsetQuestion): ListOffsetsPartition {
  if (question === 'earliest') return { earliest: true };
  if (question === 'latest') return { latest: true };
  return { timestampMs: question.timestampMs };
}
