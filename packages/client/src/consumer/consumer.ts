import { StreamError } from '@streamhouse/core/errors.ts';
import type { Consumer, ConsumerOptions } from '../public/consumer.ts';

/** Connects to a cluster. Fails with `unavailable` CONNECT_FAILED, which names every address tried. */
export async function connectConsumer(_options: ConsumerOptions): Promise<Consumer> {
  throw new StreamError('internal', 'NOT_BUILT', 'the consumer is not built yet');
}
