import type { ConsumerServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/ConsumerService.ts';
import type { FetchResponse } from '@streamhouse/api/gen/streamhouse/v1/FetchResponse.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { type ServiceContext, statusOf, unary } from './call.ts';
import { fetch } from './fetch.ts';
import { runFetchStream } from './fetch-stream.ts';
import { listOffset } from './list-offsets.ts';
import { checkCount } from './validate.ts';

export function consumerService(context: ServiceContext): ConsumerServiceHandlers {
  let waiting = 0;
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
      runFetchStream(context, call).catch((error: unknown) =>
        call.emit('error', statusOf(error, context.log)),
      );
    },
    ListOffsets: unary(context, async (request, signal) => {
      const life = context.current();
      const partitions = checkCount('partitions', request.partitions, LIMITS.requestPartitionsMax);
      return {
        offsets: await Promise.all(
          partitions.map((asked) => listOffset(context, life, asked, signal)),
        ),
      };
    }),
  };
}
