/** What every connection to a cluster has in common. */

export interface ConnectOptions {
  /**
   * `host:port` of one or more agents; one text may name several, separated by commas. Any agent leads to all the
   * others: name two or three, so that one may be down.
   */
  readonly bootstrap: string | readonly string[];
  /** Milliseconds until connecting gives up. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that one request may take before it is tried elsewhere. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Ends the attempt to connect. Once connected it has no effect: call `close`. */
  readonly signal?: AbortSignal;
}

/** Ends a wait. What was handed over before the abort still happens. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/** A partition by the name of its topic. */
export interface PartitionName {
  readonly topic: string;
  /** From 0. */
  readonly partition: number;
}
