/** The consumer's options with their defaults, checked. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { choiceOption, integerOption } from '../check-option.ts';
import type { ConsumerOptions, OffsetReset } from '../public/consumer.ts';

export interface ConsumerSettings {
  readonly autoOffsetReset: OffsetReset;
  readonly maxPollRecords: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly prefetchBytesMax: number;
}

const RESETS = ['earliest', 'latest', 'none'] as const;
const GIB = 1_073_741_824;

/** @throws StreamError `invalid` OPTION, which names the option. */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  return {
    autoOffsetReset: choiceOption('autoOffsetReset', options.autoOffsetReset, 'latest', RESETS),
    maxPollRecords: integerOption('maxPollRecords', options.maxPollRecords, 500, {
      min: 1,
      max: 1_000_000,
    }),
    fetchMinBytes: integerOption('fetchMinBytes', options.fetchMinBytes, 1, {
      min: 1,
      max: LIMITS.fetchBytesMax,
    }),
    fetchMaxWaitMs: integerOption('fetchMaxWaitMs', options.fetchMaxWaitMs, 500, {
      min: 0,
      max: LIMITS.fetchWaitMsMax,
    }),
    prefetchBytesMax: integerOption('prefetchBytesMax', options.prefetchBytesMax, 52_428_800, {
      min: 1,
      max: GIB,
    }),
  };
}
