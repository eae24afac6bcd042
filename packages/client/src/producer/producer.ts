import { StreamError } from '@streamhouse/core/errors.ts';
import type { Producer, ProducerOptions } from '../public/producer.ts';

/** Connects to a cluster. Fails with `unavailable` CONNECT_FAILED, which names every address tried. */
export async function connectProducer(_options: ProducerOptions): Promise<Producer> {
  throw new StreamError('internal', 'NOT_BUILT', 'the producer is not built yet');
}
