/** What groups have committed: any agent knows it. */
import type { CommittedOffset__Output } from '@streamhouse/api/gen/streamhouse/v1/CommittedOffset.ts';
import type { FetchOffsetsRequest } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsRequest.ts';
import type { FetchOffsetsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/FetchOffsetsResponse.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { askAny } from '../cluster/ask-any.ts';
import type { Cluster, RequestOptions } from '../cluster/cluster.ts';
import { requireAnswers } from '../cluster/wire-error.ts';
import type { PartitionPlace } from '../consumer/offset-lookup.ts';
import { chunks } from './chunks.ts';

/** Of those partitions, in their order. */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  places: readonly PartitionPlace[],
  options: Pick<RequestOptions, 'signal' | 'timeoutMs'>,
): Promise<CommittedOffset__Output[]> {
  const offsets: CommittedOffset__Output[] = [];
  for (const chunk of chunks(places, LIMITS.requestPartitionsMax)) {
    const partitions = chunk.map(({ topicIdBytes, partition }) => ({
      topicId: topicIdBytes,
      partition,
    }));
    const answer = await askAny<FetchOffsetsRequest, FetchOffsetsResponse__Output>(
      cluster,
      ({ group }) =>
        (...call) =>
          group.fetchOffsets(...call),
      { groupId, partitions },
      { ...options, isIdempotent: true },
    );
    requireAnswers(chunk, answer.offsets);
    offsets.push(...answer.offsets);
  }
  return offsets;
}
