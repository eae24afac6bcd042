/** How the figures were, one row for each look, for as long as `LIMITS.figuresHistoryMax` goes back. */
import type { FiguresHistory, Latency, Throughput } from '@streamhouse/api/rest/metrics.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';

/** A look at one time. */
type Row = Throughput & Latency & { readonly timestamp: number };

export class FiguresRing {
  readonly #rows: Row[] = [];
  /** Place of the next row, once all places are taken: that of the oldest. */
  #next = 0;

  /** `timestamp` in seconds since 1970. */
  push(timestamp: number, throughput: Throughput, latency: Latency): void {
    this.#rows[this.#next] = { timestamp, ...throughput, ...latency };
    this.#next = (this.#next + 1) % LIMITS.figuresHistoryMax;
  }

  /** The rows since then, in seconds since 1970, oldest first. */
  from(since: number): FiguresHistory {
    const isFull = this.#rows.length === LIMITS.figuresHistoryMax;
    const start = isFull ? this.#next : 0;
    const rows = [...this.#rows.slice(start), ...this.#rows.slice(0, start)].filter(
      ({ timestamp }) => timestamp >= since,
    );
    const column = (name: keyof Throughput | keyof Latency): (number | null)[] =>
      rows.map((row) => row[name]);
    return {
      timestamp: rows.map(({ timestamp }) => timestamp),
      produceRate: column('produceRate'),
      fetchRate: column('fetchRate'),
      produceBytes: column('produceBytes'),
      fetchBytes: column('fetchBytes'),
      produceP50: column('produceP50'),
      produceP95: column('produceP95'),
      produceP99: column('produceP99'),
      fetchP50: column('fetchP50'),
      fetchP95: column('fetchP95'),
      fetchP99: column('fetchP99'),
    };
  }
}
