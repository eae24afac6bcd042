/** What the API knows of the flow of records. What nobody has measured is null. */
import type { FiguresHistory, Latency, Throughput } from '@streamhouse/api/rest/metrics.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';

export interface TopicRates {
  /** Records per second over the window. */
  readonly produceRate: number | null;
  readonly fetchRate: number | null;
}

export interface Figures {
  /** Seconds since 1970: that of its row in the history. Undefined where nothing was measured. */
  readonly measuredAt: number | undefined;
  readonly throughput: Throughput;
  readonly latency: Latency;
  readonly topic: (topicId: TopicId) => TopicRates;
  /** Connections of clients to all agents. */
  readonly activeConnections: number | null;
  /** Resident memory of all agents, in bytes. */
  readonly memoryUsageBytes: number | null;
}

export interface FiguresSource {
  /** Of the last window that is complete, as of now. */
  current(): Figures;
  /** Of the last `seconds`, one row each time that was looked, oldest first. */
  history(seconds: number): FiguresHistory;
}

/** Where nothing was measured. */
export const UNKNOWN: Figures = {
  measuredAt: undefined,
  throughput: { produceRate: null, fetchRate: null, produceBytes: null, fetchBytes: null },
  latency: {
    produceP50: null,
    produceP95: null,
    produceP99: null,
    fetchP50: null,
    fetchP95: null,
    fetchP99: null,
  },
  topic: () => ({ produceRate: null, fetchRate: null }),
  activeConnections: null,
  memoryUsageBytes: null,
};
