/** What a history had, beside its anomalies. */
export interface Figures {
  readonly events: number;
  /** Records whose send was answered `ok`. */
  readonly acknowledged: number;
  /** Records whose send was answered `fail`. */
  readonly failed: number;
  /** Records whose send was answered `info` or not at all. */
  readonly unknown: number;
  /** Records that polls returned, each as often as it was. */
  readonly reads: number;
  /** Records that members of groups were handed out, each as often as it was, and commits that were answered `ok`. */
  readonly groups: { readonly reads: number; readonly commits: number };
  /** From the answer to the first read, of acknowledged records that were read before the final reads began. */
  readonly lag: Lag | undefined;
  /** Acknowledged records that nobody read before the final reads. */
  readonly readLate: number;
  /** Acknowledged records that no final read was there for: whether they are lost is not known. */
  readonly unjudged: { readonly records: number; readonly partitions: readonly string[] };
}

export interface Lag {
  readonly records: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const NS_PER_MS = 1_000_000;

/** Percentiles by nearest rank. */
export function lagOf(lagsNs: readonly number[]): Lag | undefined {
  if (lagsNs.length === 0) return undefined;
  const sorted = Float64Array.from(lagsNs).sort();
  const atMs = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / NS_PER_MS;
  return { records: sorted.length, p50Ms: atMs(0.5), p99Ms: atMs(0.99), maxMs: atMs(1) };
}
