/** What the API knows of the flow of records. What nobody has measured is null. */
import type { Latency, Throughput } from '@streamhouse/api/rest/metrics.ts';

export interface TopicRates {
  /** Records per second over the window. */
  readonly produceRate: number | null;
  readonly fetchRate: number | null;
}

export interface Figures {
  readonly throughput: Throughput;
  readonly latency: Latency;
  /** By the name of the topic. One that is not here has no source. */
  readonly topics: ReadonlyMap<string, TopicRates>;
  /** Connections of clients to all agents. */
  readonly activeConnections: number | null;
  /** Resident memory of all agents, in bytes. */
  readonly memoryUsageBytes: number | null;
}

export interface FiguresSource {
  /** Of the last window that is complete, as of now. */
  current(): Figures;
}

const UNKNOWN: Figures = {
  throughput: { produceRate: null, fetchRate: null, produceBytes: null, fetchBytes: null },
  latency: {
    produceP50: null,
    produceP95: null,
    produceP99: null,
    fetchP50: null,
    fetchP95: null,
    fetchP99: null,
  },
  topics: new Map(),
  activeConnections: null,
  memoryUsageBytes: null,
};

/** Where nothing is measured. */
export const NO_FIGURES: FiguresSource = { current: () => UNKNOWN };
