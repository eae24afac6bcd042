/**
 * Latencies, counted in buckets whose bounds grow by a fixed ratio: differences of two counts are a histogram of what was
 * between them, and histograms of many agents add up.
 */

/** Upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.25;
const BUCKETS_PER_OCTAVE = 4;
const OCTAVES = 18;
/** The last one, which begins at 65.5 s, has no upper bound. */
export const LATENCY_BUCKETS: number = OCTAVES * BUCKETS_PER_OCTAVE + 2;

/** Index of the bucket that a latency falls into. */
export function latencyBucket(ms: number): number {
  if (!(ms > FIRST_MS)) return 0;
  const index = Math.ceil(Math.log2(ms / FIRST_MS) * BUCKETS_PER_OCTAVE);
  return Math.min(index, LATENCY_BUCKETS - 1);
}

/**
 * The latency in milliseconds that a share of all stays within; undefined when there are none. Off by 9 % at most (the
 * eighth root of 2), but for the first bucket, whose upper bound is told, and the last, whose lower one is.
 */
export function latencyQuantileMs(counts: readonly number[], share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  const index = counts.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  if (index === 0) return FIRST_MS;
  const last = LATENCY_BUCKETS - 1;
  // The middle of a bucket, as ratios go.
  const octaves = (index === last ? index - 1 : index - 0.5) / BUCKETS_PER_OCTAVE;
  return FIRST_MS * 2 ** octaves;
}
