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
import type { PartitionReader } from './partition-reader.ts';

export type OffsetQuestion = 'earliest' | 'latest' | { readonly timestampMs: number };

const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000 };

/**
 * The offset for each reader, whatever moves in between.
 *
 * @throws StreamError of the first partition that cannot be answered, once trying again is of no use.
 */
export async function lookUpOffsets(
  cluster: Cluster,
  readers: readonly PartitionReader[],
  question: OffsetQuestion,
  signal: AbortSignal | undefined,
): Promise<Map<PartitionReader, number>> {
  const { clock, random, requestTimeoutMs } = cluster;
  const offsets = new Map<PartitionReader, number>();
  const options = {
    clock,
    random,
    signal: signal === undefined ? cluster.signal : AbortSignal.any([signal, cluster.signal]),
    timeoutMs: requestTimeoutMs,
    ...BACKOFF,
  };
  await retry(options, async (attemptSignal) => {
    const missing = readers.filter((reader) => !offsets.has(reader));
    try {
      const parts = [...byHolder(cluster, missing)].map(([address, asked]) =>
        askHolder(cluster, address, asked, question, attemptSignal),
      );
      const answers = await Promise.allSettled(parts);
      for (const answer of answers) {
        if (answer.status === 'rejected') throw answer.reason;
        for (const { reader, listed } of answer.value) {
          if (listed.error !== null) throw partError(listed.error);
          offsets.set(reader, listed.offset);
        }
      }
    } catch (error) {
      if (toStreamError(error).isRetriable) cluster.requestRefresh();
      throw error;
    }
  });
  return offsets;
}

function byHolder(
  cluster: Cluster,
  readers: readonly PartitionReader[],
): Map<string, PartitionReader[]> {
  return Map.groupBy(readers, ({ topic, partition }) => {
    const address = partitionHolder(cluster.view, topic, partition);
    if (address !== undefined) return address;
    throw new StreamError(
      'unavailable',
      'NO_HOLDER',
      `partition ${partition} of topic "${topic}" has no holder yet`,
    );
  });
}

async function askHolder(
  cluster: Cluster,
  address: string,
  readers: readonly PartitionReader[],
  question: OffsetQuestion,
  signal: AbortSignal,
): Promise<{ readonly reader: PartitionReader; readonly listed: ListedOffset }[]> {
  const { consumer } = cluster.channel(address);
  const { offsets } = await callUnary<ListOffsetsRequest, ListOffsetsResponse__Output>(
    (...call) => consumer.listOffsets(...call),
    { partitions: readers.map((reader) => ({ ...placeOf(reader), ...questionOf(question) })) },
    { signal, timeoutMs: cluster.requestTimeoutMs, clock: cluster.clock },
  );
  requireAnswers(readers, offsets);
  return offsets.map((listed, index) => ({ reader: readers[index] as PartitionReader, listed }));
}

function placeOf({ topicIdBytes, partition }: PartitionReader): ListOffsetsPartition {
  return { topicId: topicIdBytes, partition };
}

function questionOf(question: OffsetQuestion): ListOffsetsPartition {
  if (question === 'earliest') return { earliest: true };
  if (question === 'latest') return { latest: true };
  return { timestampMs: question.timestampMs };
}
