import type { ConsumerServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/ConsumerService.ts';
import type { FetchResponse } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import type { ListedOffset } from '@streamhouse/api/gen/streamhouse/v1/ListedOffset.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import pLimit from 'p-limit';
import { failStream, type ServiceContext, unary } from './call.ts';
import { fetch } from './fetch.ts';
import { runFetchStream } from './fetch-stream.ts';
import { listOffset } from './list-offsets.ts';
import { checkCount } from './validate.ts';

/** Look-ups of offsets by time, of all callers: each may hold a whole run in memory. */
const LOOK_UPS_AT_A_TIME = 4;

export function consumerService(context: ServiceContext): ConsumerServiceHandlers {
  let waiting = 0;
  const lookUp = pLimit(LOOK_UPS_AT_A_TIME);
  return {
    Fetch: unary(context, async (request, signal): Promise<FetchResponse> => {
      if (waiting >= LIMITS.fetchWaitersMax) {
        throw new StreamError('overloaded', 'FETCH_WAITERS', `${waiting} fetches wait already`, {
          retryAfterMs: 1000,
        });
      }
      waiting++;
      try {
        return await fetch(context, request, signal);
      } finally {
        waiting--;
      }
    }),
    FetchStream: (call) => {
      runFetchStream(context, call).catch((error: unknown) => failStream(call, error, context.log));
    },
    ListOffsets: unary(context, async (request, signal) => {
      const life = context.current();
      const partitions = checkCount('partitions', request.partitions, LIMITS.requestPartitionsMax);
      const answers = partitions.map((asked) => {
        const answer = (): Promise<ListedOffset> => listOffset(context, life, asked, signal);
        return asked.at === 'timestampMs' ? lookUp(answer) : answer();
      });
      return { offsets: await Promise.all(answers) };
    }),
  };
}
