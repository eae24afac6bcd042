/** The producer's options with their defaults, checked. */
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { COMPRESSIONS, type Compression } from '@streamhouse/core/record/compression.ts';
import { choiceOption, integerOption } from '../check-option.ts';
import type { Partitioner, ProducerDurability, ProducerOptions } from '../public/producer.ts';
import { PARTITIONERS } from './partitioner.ts';

export interface ProducerSettings {
  readonly compression: Compression;
  readonly partitioner: Partitioner;
  readonly durability: ProducerDurability;
  readonly lingerMs: number;
  readonly batchRecordsMax: number;
  readonly batchBytesMax: number;
  readonly inFlightMax: number;
  readonly bufferBytesMax: number;
  readonly maxBlockMs: number;
  readonly deliveryTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

const DURABILITIES = ['topic', 'object', 'memory'] as const;
const HOUR_MS = 3_600_000;
const GIB = 1_073_741_824;

/** @throws StreamError `invalid` OPTION, which names the option. */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const retryBackoffMs = integerOption('retryBackoffMs', options.retryBackoffMs, 100, {
    min: 1,
    max: HOUR_MS,
  });
  return {
    compression: choiceOption('compression', options.compression, 'lz4', COMPRESSIONS),
    partitioner: partitionerOf(options.partitioner ?? 'murmur2'),
    durability: choiceOption('durability', options.durability, 'topic', DURABILITIES),
    lingerMs: integerOption('lingerMs', options.lingerMs, 5, { min: 0, max: HOUR_MS }),
    batchRecordsMax: integerOption('batchRecordsMax', options.batchRecordsMax, 1_000, {
      min: 1,
      max: LIMITS.batchRecordsMax,
    }),
    batchBytesMax: integerOption('batchBytesMax', options.batchBytesMax, 1_048_576, {
      min: 1,
      max: LIMITS.batchBytesMax,
    }),
    // The log remembers so many batches of a producer: with more in flight a retry could not be told from a new batch.
    inFlightMax: integerOption('inFlightMax', options.inFlightMax, LIMITS.producerBatchesMax, {
      min: 1,
      max: LIMITS.producerBatchesMax,
    }),
    bufferBytesMax: integerOption('bufferBytesMax', options.bufferBytesMax, 67_108_864, {
      min: 1,
      max: 64 * GIB,
    }),
    maxBlockMs: integerOption('maxBlockMs', options.maxBlockMs, 60_000, { min: 0, max: HOUR_MS }),
    deliveryTimeoutMs: integerOption('deliveryTimeoutMs', options.deliveryTimeoutMs, 120_000, {
      min: 1,
      max: 24 * HOUR_MS,
    }),
    retryBackoffMs,
    retryBackoffMaxMs: integerOption(
      'retryBackoffMaxMs',
      options.retryBackoffMaxMs,
      Math.max(1_000, retryBackoffMs),
      { min: retryBackoffMs, max: HOUR_MS },
    ),
  };
}

function partitionerOf(partitioner: 'murmur2' | 'murmur3' | Partitioner): Partitioner {
  if (typeof partitioner === 'function') return partitioner;
  if (Object.hasOwn(PARTITIONERS, partitioner)) return PARTITIONERS[partitioner];
  throw new StreamError(
    'invalid',
    'OPTION',
    `partitioner must be murmur2, murmur3 or a function, got "${String(partitioner)}"`,
  );
}
