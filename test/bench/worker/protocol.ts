/** What the bench asks of a worker process, and what it answers. Everything crosses as JSON. */
import type { Compression } from '@streamhouse/client/mod.ts';

interface Load {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  /** Bytes of each record's value. */
  readonly recordBytes: number;
  readonly compression: Compression;
  readonly seed: number;
  /** Milliseconds since 1970 at which measuring begins; load begins at once. The same moment for all workers of a run. */
  readonly measureAtMs: number;
  readonly measureMs: number;
}

export interface Rate {
  readonly records: number;
  readonly elapsedMs: number;
}

/** Sends as fast as acknowledgements come. */
export interface ProduceTask extends Load {
  readonly kind: 'produce';
}

/** Sends at a fixed rate, whatever comes back. */
export interface OpenLoopTask extends Load {
  readonly kind: 'openLoop';
  readonly recordsPerSecond: number;
  /** Records go to all of them in turn; 0: where the partitioner says. */
  readonly partitions: number;
}

export interface OpenLoopResult {
  /** A `LatencyHistogram` as JSON: from the time a record was meant to be sent to its acknowledgement. */
  readonly latencies: [bucket: number, count: number][];
  readonly failed: number;
  /** Milliseconds that the worker itself was late at most in handing a record to the SDK. */
  readonly lateMsMax: number;
}

/** Sends so many records and waits for all of them. */
export interface FillTask {
  readonly kind: 'fill';
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly recordBytes: number;
  readonly compression: Compression;
  readonly seed: number;
  readonly records: number;
}

/** Reads partitions from the beginning to the end, again and again until the time is over, or once. */
export interface ConsumeTask {
  readonly kind: 'consume';
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: readonly number[];
  /** The group that gives it so many partitions; undefined: it assigns these to itself. */
  readonly groupId: string | undefined;
  /** As of a load. */
  readonly measureAtMs: number;
  /** Undefined: once. */
  readonly measureMs: number | undefined;
}

/** Reads from the beginning whatever is there or comes, until the time is over. */
export interface FollowTask {
  readonly kind: 'follow';
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: readonly number[];
  /** Milliseconds since 1970; what is left then is still read. */
  readonly untilMs: number;
}

/** Sends one record to one partition every few milliseconds, until `probeEnd`. */
export interface ProbeTask {
  readonly kind: 'probeStart';
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partition: number;
  readonly everyMs: number;
}

/** What the probe saw. Both times in milliseconds since 1970. */
export interface ProbeQuestion {
  readonly kind: 'probe';
  /** Gaps that ended before are of no interest. */
  readonly sinceMs: number;
  /** The gap is over when a record that was sent after this moment is acknowledged. */
  readonly overAfterMs: number;
}

export interface ProbeAnswer {
  /** See `longestGapMs`; undefined while no record sent after `overAfterMs` is acknowledged. */
  readonly gapMs: number | undefined;
  /** Sends that were rejected since the probe began. */
  readonly failed: number;
}

/** Connects a member of a group, which reads all records that come once it has joined. */
export interface MemberStartTask {
  readonly kind: 'memberStart';
  readonly bootstrap: readonly string[];
  readonly groupId: string;
  readonly topic: string;
}

export interface MemberState {
  /** Null outside of one. */
  readonly generation: number | null;
  readonly partitions: readonly number[];
}

/** When polls gave records, by partition: milliseconds since 1970, ascending. */
export type Reads = readonly (readonly [partition: number, readMs: readonly number[]])[];

/** Commits at a fixed rate, whatever comes back. */
export interface CommitsTask {
  readonly kind: 'commits';
  readonly bootstrap: readonly string[];
  readonly groupId: string;
  readonly topic: string;
  /** Of the topic. */
  readonly partitions: number;
  readonly members: number;
  readonly commitsPerSecond: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

/** Groups with one member each, which owns the topic's only partition and sends heartbeats. */
export interface IdleStartTask {
  readonly kind: 'idleStart';
  /** Of their coordinator. */
  readonly address: string;
  readonly groupPrefix: string;
  readonly count: number;
  readonly topic: string;
  /** UUID. */
  readonly topicId: string;
  readonly heartbeatMs: number;
}

/** Since they began. */
export interface BeatCounts {
  readonly answered: number;
  /** Heartbeats with another answer than that all is well, and streams that ended. */
  readonly failed: number;
}

/** Asks a server for the same thing again and again. */
export interface HttpLoadTask {
  readonly kind: 'httpLoad';
  readonly host: string;
  readonly port: number;
  /** The whole request as it goes over the wire. */
  readonly request: string;
  readonly connections: number;
  /** Undefined: as many as are answered. */
  readonly requestsPerSecond: number | undefined;
  /** As of a load. */
  readonly measureAtMs: number;
  readonly measureMs: number;
}

export interface HttpLoadResult {
  /** As of an open loop; of a closed one, from the time that a request was sent. */
  readonly latencies: [bucket: number, count: number][];
  /** Within the measured time. */
  readonly answered: number;
  readonly measureMs: number;
  /** How many answers had which status, the warm-up included. */
  readonly statuses: Readonly<Record<number, number>>;
}

export interface GatewayTask {
  readonly kind: 'gateway';
  readonly root: string;
  /** Undefined: as fast as the disk. */
  readonly putLatency: { readonly p50Ms: number; readonly p99Ms: number } | undefined;
}

export interface GatewayPlace {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Tasks {
  produce: { task: ProduceTask; result: Rate };
  openLoop: { task: OpenLoopTask; result: OpenLoopResult };
  fill: { task: FillTask; result: Rate };
  consume: { task: ConsumeTask; result: Rate };
  follow: { task: FollowTask; result: Rate };
  probeStart: { task: ProbeTask; result: null };
  probe: { task: ProbeQuestion; result: ProbeAnswer };
  probeEnd: { task: { readonly kind: 'probeEnd' }; result: null };
  memberStart: { task: MemberStartTask; result: null };
  memberJoin: { task: { readonly kind: 'memberJoin' }; result: null };
  memberState: { task: { readonly kind: 'memberState' }; result: MemberState };
  memberReads: { task: { readonly kind: 'memberReads' }; result: Reads };
  memberLeave: { task: { readonly kind: 'memberLeave' }; result: null };
  commits: { task: CommitsTask; result: OpenLoopResult };
  idleStart: { task: IdleStartTask; result: null };
  idleCounts: { task: { readonly kind: 'idleCounts' }; result: BeatCounts };
  idleEnd: { task: { readonly kind: 'idleEnd' }; result: null };
  httpLoad: { task: HttpLoadTask; result: HttpLoadResult };
  gateway: { task: GatewayTask; result: GatewayPlace };
  /** Objects written since the gateway began. */
  gatewayPuts: { task: { readonly kind: 'gatewayPuts' }; result: number };
}

export type Task = Tasks[keyof Tasks]['task'];

export interface Question {
  readonly id: number;
  readonly task: Task;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
