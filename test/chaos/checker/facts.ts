/** What a history says, kept by value, by partition and by topic, before it is judged. Lines are `i` of events. */

/** One life of a topic's name, from a creation to a deletion. */
export interface Life {
  readonly topic: string;
  /** Undefined while no event told it. */
  topicId: string | undefined;
  /** The event that showed that it was gone; Infinity: none did. */
  goneAt: number;
  readonly logs: Map<number, PartitionLog>;
  /** Every life of the name, this one included. */
  readonly namesakes: readonly Life[];
}

/** One partition in one life of its topic. */
export interface PartitionLog {
  readonly life: Life;
  readonly partition: number;
  /** By offset, the first value that was said to be there. */
  readonly slots: Map<number, KnownValue>;
  readonly spans: Span[];
  /** What the last `end` of the final phase said. */
  finalEnd: FinalEnd | undefined;
}

/** Offsets `[start, end)` that one reader passed between two assignments. */
export interface Span {
  readonly start: number;
  end: number;
}

export interface FinalEnd {
  readonly offset: number;
  readonly invokedAt: number;
  readonly at: number;
}

export interface Send {
  readonly process: string;
  readonly topic: string;
  readonly partition: number;
  /** Of its values. */
  readonly count: number;
  readonly invokedAt: number;
  /** `open` until it is answered; for ever, if its process crashed. */
  outcome: 'open' | 'ok' | 'fail' | 'info';
  answeredAt: number;
  answeredNs: number;
  /** Where `ok` says that the values are. */
  offsets: readonly number[] | undefined;
  /** Which topic it was for: one of these. Empty: any of its name. */
  lives: readonly Life[];
}

/** A value that was sent or read. */
export interface KnownValue {
  readonly value: string;
  /** Undefined while it was only read. */
  send: Send | undefined;
  /** Index in its send. */
  rank: number;
  /** Where it was read; nearly always one. */
  places: readonly Place[];
  /** At the first of them. */
  firstReadNs: number;
}

export interface Place {
  readonly log: PartitionLog;
  readonly offset: number;
  readonly firstReadAt: number;
  lastReadAt: number;
}

export const NO_PLACES: readonly Place[] = [];

/** For people. The topicId is told only where the name had several. */
export function logName({ life, partition }: PartitionLog): string {
  return life.namesakes.length > 1
    ? `${lifeName(life)}/${partition}`
    : `${life.topic}/${partition}`;
}

export function lifeName({ topic, topicId }: Life): string {
  return topicId === undefined ? topic : `${topic}(${topicId})`;
}

/** Where the answer of its send says that it is; undefined: no answer, or it does not tell which topic it means. */
export function acknowledgedPlace(
  known: KnownValue,
): { readonly log: PartitionLog; readonly offset: number } | undefined {
  const { send, rank } = known;
  const [life, other] = send?.lives ?? [];
  const offset = send?.offsets?.[rank];
  if (send === undefined || life === undefined || other !== undefined || offset === undefined)
    return undefined;
  return { log: logOf(life, send.partition), offset };
}

/** The event that first said that it is there; Infinity: none did. */
export function claimedAt(known: KnownValue, log: PartitionLog, offset: number): number {
  const place = known.places.find((each) => each.log === log && each.offset === offset);
  const acknowledged = acknowledgedPlace(known);
  const isAcknowledged = acknowledged?.log === log && acknowledged.offset === offset;
  return Math.min(
    place?.firstReadAt ?? Infinity,
    isAcknowledged ? (known.send?.answeredAt ?? Infinity) : Infinity,
  );
}

export function logOf(life: Life, partition: number): PartitionLog {
  let log = life.logs.get(partition);
  if (log === undefined) {
    log = { life, partition, slots: new Map(), spans: [], finalEnd: undefined };
    life.logs.set(partition, log);
  }
  return log;
}
