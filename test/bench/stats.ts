/** Figures from samples. Pure. */

/** Least, middle and greatest of the runs of one figure. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws Error when there are no runs: a figure without any would pass for one of 0. */
export function spreadOf(runs: readonly number[]): Spread {
  const sorted = runs.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new Error('a spread needs at least one run');
  }
  return { min, median: (low + high) / 2, max };
}

/** The least sample that is not below `share` (0..1) of all: the nearest-rank percentile, so always one that was measured. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  const sample = sorted[rank - 1];
  if (sample === undefined) throw new Error('a percentile needs at least one sample');
  return sample;
}

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

/** Growth of a value in an hour: the slope of the line through the samples, by least squares. Units of the value. */
export function slopePerHour(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanMs = mean(samples.map(({ atMs }) => atMs));
  const meanValue = mean(samples.map(({ value }) => value));
  let [rise, run] = [0, 0];
  for (const { atMs, value } of samples) {
    rise += (atMs - meanMs) * (value - meanValue);
    run += (atMs - meanMs) ** 2;
  }
  if (!(run > 0)) throw new Error('a slope needs samples of two moments at least');
  return (rise / run) * HOUR_MS;
}

const MANTISSA_BITS = 7;
const LINEAR_MAX = 2 ** (MANTISSA_BITS + 1);
const BUCKETS = LINEAR_MAX + (31 - MANTISSA_BITS) * 2 ** MANTISSA_BITS;
const MICROSECONDS_MAX = 2 ** 31 - 1;

/**
 * Counts of latencies at less than 1 % of error: every microsecond below 256 has its bucket, and each power of two above has
 * 128. A million records a second cost two instructions each instead of an array of samples.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** From what `toJSON` gave, in another process. */
  static from(counts: readonly (readonly [bucket: number, count: number])[]): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [bucket, count] of counts) histogram.#add(bucket, count);
    return histogram;
  }

  record(milliseconds: number): void {
    const micros = Math.min(MICROSECONDS_MAX, Math.max(0, Math.round(milliseconds * 1_000)));
    this.#add(bucketOf(micros), 1);
  }

  merge(other: LatencyHistogram): void {
    for (const [bucket, count] of other.toJSON()) this.#add(bucket, count);
  }

  /** Milliseconds that `share` (0..1) of all latencies do not exceed, rounded up to the bucket's end. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return lastOf(bucket) / 1_000;
    }
    throw new Error('a percentile needs at least one latency');
  }

  /** Buckets that are not empty. */
  toJSON(): [bucket: number, count: number][] {
    return [...this.#counts.entries()].filter(([, count]) => count > 0);
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#total += count;
  }
}

function bucketOf(micros: number): number {
  if (micros < LINEAR_MAX) return micros;
  const exponent = 31 - Math.clz32(micros);
  const shift = exponent - MANTISSA_BITS;
  return LINEAR_MAX + (shift - 1) * 2 ** MANTISSA_BITS + (micros >>> shift) - 2 ** MANTISSA_BITS;
}

/** The greatest number of microseconds that falls into a bucket. */
function lastOf(bucket: number): number {
  if (bucket < LINEAR_MAX) return bucket;
  const above = bucket - LINEAR_MAX;
  const shift = Math.floor(above / 2 ** MANTISSA_BITS) + 1;
  const mantissa = (above % 2 ** MANTISSA_BITS) + 2 ** MANTISSA_BITS;
  return (mantissa + 1) * 2 ** shift - 1;
}

/**
 * Milliseconds of the longest time without an acknowledgement that ends after `faultMs`: from the last one before the gap to
 * the first one after it. `ackedMs` is ascending. Undefined while nothing was acknowledged after the fault, or before it.
 */
export function longestGapMs(ackedMs: readonly number[], faultMs: number): number | undefined {
  let longest: number | undefined;
  for (const [index, ms] of ackedMs.entries()) {
    const before = ackedMs[index - 1];
    if (ms <= faultMs || before === undefined) continue;
    longest = Math.max(longest ?? 0, ms - before);
  }
  return longest;
}
