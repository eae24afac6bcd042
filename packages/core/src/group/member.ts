/** What a consumer group knows of its members. */
import type { Generation, TopicPartition } from '../ids.ts';

/** What a member says of itself. */
export interface MemberProfile {
  /** A UUID that the member has chosen for this life of its own. */
  readonly memberId: string;
  /** Name of a static member, which outlives its lives. */
  readonly instanceId: string | undefined;
  readonly clientId: string;
  /** Address that it joined from. */
  readonly clientHost: string;
  /** Milliseconds without a sign of life after which it is given up. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds that others wait for it when a generation begins. */
  readonly rebalanceTimeoutMs: number;
  /** Names of the topics that it reads. */
  readonly topics: readonly string[];
  /** Names of the assignors that it can use, preferred first. */
  readonly assignors: readonly string[];
}

export interface JoinRequest extends MemberProfile {
  /** What it still owns, and since which generation. */
  readonly owned: readonly TopicPartition[];
  readonly ownedGeneration: number;
}

/** Who is in a generation. */
export interface GroupGeneration {
  readonly generation: Generation;
  /** Of these two a group without members has none. */
  readonly assignor: string | undefined;
  readonly leaderId: string | undefined;
  readonly members: readonly MemberProfile[];
}

const MEMBER_BYTES = 512;
const TEXT_BYTES = 32;
const CLAIM_BYTES = 128;

/** About how many bytes of memory a join takes: more than it takes, rather than less. */
export function joinBytes({ topics, assignors, owned }: JoinRequest): number {
  const chars = topics.join('').length + assignors.join('').length;
  const texts = (topics.length + assignors.length) * TEXT_BYTES;
  return MEMBER_BYTES + texts + 2 * chars + owned.length * CLAIM_BYTES;
}

/** Whether two joins of a member ask for the same: the second one is the first again, whose answer was lost. */
export function isSameJoin(one: JoinRequest, other: JoinRequest): boolean {
  return (
    one.ownedGeneration === other.ownedGeneration &&
    one.sessionTimeoutMs === other.sessionTimeoutMs &&
    one.rebalanceTimeoutMs === other.rebalanceTimeoutMs &&
    isSameSubscription(one, other) &&
    isEqual(one.owned, other.owned, isSamePartition)
  );
}

/** Whether an assignment for one of them is one for the other. */
export function isSameSubscription(one: MemberProfile, other: MemberProfile): boolean {
  return (
    isEqual(one.topics, other.topics, Object.is) &&
    isEqual(one.assignors, other.assignors, Object.is)
  );
}

function isSamePartition(one: TopicPartition, other: TopicPartition): boolean {
  return one.partition === other.partition && one.topicId === other.topicId;
}

function isEqual<T>(
  one: readonly T[],
  other: readonly T[],
  isSame: (a: T, b: T) => boolean,
): boolean {
  return one.length === other.length && one.every((item, index) => isSame(item, other[index] as T));
}
