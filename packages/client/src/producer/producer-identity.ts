import type { InitProducerRequest } from '@streamhouse/api/gen/streamhouse/v1/InitProducerRequest.ts';
import type { InitProducerResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/InitProducerResponse.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import { callUnary } from '../cluster/agent-channel.ts';
import type { Cluster, RequestOptions } from '../cluster/cluster.ts';
import type { ProducerIdentity } from './partition-queue.ts';

/** A new producer identity, from any agent. To ask twice costs a number, so an unknown outcome is tried again. */
export function identifyProducer(
  cluster: Cluster,
  { signal, timeoutMs }: Pick<RequestOptions, 'signal' | 'timeoutMs'>,
): Promise<ProducerIdentity> {
  const options = { signal, timeoutMs, isIdempotent: true };
  return cluster.request(options, async (channel, attemptSignal) => {
    const answer = await callUnary<InitProducerRequest, InitProducerResponse__Output>(
      (...call) => channel.producer.initProducer(...call),
      {},
      {
        signal: attemptSignal,
        timeoutMs: Math.min(timeoutMs, cluster.requestTimeoutMs),
        clock: cluster.clock,
      },
    );
    return { producerId: producerId(answer.producerId), producerEpoch: answer.producerEpoch };
  });
}
