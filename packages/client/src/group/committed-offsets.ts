/** What groups have committed: any agent knows it. */
import type { CommittedOffset__Output } from '@streamhouse/api/gen/streamhouse/v1/CommittedOffset.ts';
import type { FetchOffsetsRequest } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsRequest.ts';
import type { FetchOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsResponse.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { callUnary } from '../cluster/agent-channel.ts';
import type { Cluster, RequestOptions } from '../cluster/cluster.ts';
import { requireAnswers } from '../cluster/wire-error.ts';
import type { PartitionPlace } from '../consumer/offset-lookup.ts';
import { chunks } from './chunks.ts';

type FetchOptions = Pick<RequestOptions, 'signal' | 'timeoutMs'>;

/** Of those partitions, in their order. */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  places: readonly PartitionPlace[],
  options: FetchOptions,
): Promise<CommittedOffset__Output[]> {
  const offsets: CommittedOffset__Output[] = [];
  for (const chunk of chunks(places, LIMITS.requestPartitionsMax)) {
    const partitions = chunk.map(({ topicIdBytes, partition }) => ({
      topicId: topicIdBytes,
      partition,
    }));
    const answers = await fetchOffsets(cluster, { groupId, partitions }, options);
    requireAnswers(chunk, answers);
    offsets.push(...answers);
  }
  return offsets;
}

async function fetchOffsets(
  cluster: Cluster,
  request: FetchOffsetsRequest,
  { signal, timeoutMs }: FetchOptions,
): Promise<CommittedOffset__Output[]> {
  const { clock, requestTimeoutMs } = cluster;
  const { offsets } = await cluster.request(
    { signal, timeoutMs, isIdempotent: true },
    (channel, attemptSignal) =>
      callUnary<FetchOffsetsRequest, FetchOffsetsResponse__Output>(
        (...call) => channel.group.fetchOffsets(...call),
        request,
        { signal: attemptSignal, timeoutMs: requestTimeoutMs, clock },
      ),
  );
  return offsets;
}
