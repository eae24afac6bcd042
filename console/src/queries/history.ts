/** The history of figures, and what the socket tells of them later. Pure. */
import { LIVE_INTERVAL, type LiveSnapshot } from '@streamhouse/api/live.ts';
import type { FiguresHistory } from '@streamhouse/api/rest/metrics.ts';

export type ToldFigures = Pick<LiveSnapshot, 'timestamp' | 'throughput' | 'latency'>;
type Figure = Exclude<keyof FiguresHistory, 'timestamp'>;

/** Seconds between two rows from which on one of the server's is missing in between. */
const GAP = (1.5 * LIVE_INTERVAL.default) / 1_000;

/**
 * The history with what was told just now as its newest row, without what is older than `seconds`. Undefined: something is missing
 * in between, which only the server knows.
 */
export function historyWith(
  history: FiguresHistory,
  { timestamp, throughput, latency }: ToldFigures,
  seconds: number,
): FiguresHistory | undefined {
  const newest = history.timestamp.at(-1);
  if (newest === undefined || timestamp - newest >= GAP) return undefined;
  if (timestamp <= newest) return history;
  const tooOld = history.timestamp.filter((at) => at < timestamp - seconds).length;
  const extended = <T>(values: readonly T[], value: T): T[] => [...values.slice(tooOld), value];
  const columns = Object.entries({ ...throughput, ...latency }).map(([name, value]) => [
    name,
    extended(history[name as Figure], value),
  ]);
  return {
    ...history,
    ...Object.fromEntries(columns),
    timestamp: extended(history.timestamp, timestamp),
  };
}
