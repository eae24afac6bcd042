/** Consumer groups as the admin client shows and changes them. */
import type { PartitionName } from './connect.ts';
import type { CommittedOffset } from './consumer.ts';

/** `empty`: no members; `rebalancing`: a generation has begun, and its members do not know yet what they own. */
export type GroupState = 'empty' | 'rebalancing' | 'stable';

/** A group in short. */
export interface GroupListing {
  readonly groupId: string;
  readonly state: GroupState;
  /** Counts how often partitions were shared anew. */
  readonly generation: number;
  /** How many there are. */
  readonly members: number;
  /** Undefined without members. */
  readonly assignor: string | undefined;
}

/** One program that reads as a member of a group. */
export interface GroupMemberDescription {
  readonly memberId: string;
  /** Of a static member: what it is called in each of its lives. */
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  /** Address that it joined from. */
  readonly clientHost: string;
  /** That it subscribes to. */
  readonly topics: readonly string[];
  /** That it owns. */
  readonly partitions: readonly PartitionName[];
  readonly sessionTimeoutMs: number;
}

/** Who is in a group, and how far it has read. */
export interface GroupDescription extends GroupListing {
  /** Id of the agent that coordinates it; undefined while there is none. */
  readonly coordinator: string | undefined;
  readonly memberDescriptions: readonly GroupMemberDescription[];
  readonly offsets: readonly CommittedOffset[];
}

/**
 * Where a group goes on: at the first readable offset, at the high watermark, at an offset, at the first record at or after
 * a time in milliseconds since 1970, or so many records after (before, when negative) what is committed. What is out
 * of the readable range becomes the end of it that is nearer.
 */
export type OffsetTarget =
  | 'earliest'
  | 'latest'
  | { readonly offset: number }
  | { readonly timestampMs: number }
  | { readonly shift: number };

/** Which offsets of a group are set, and to what. */
export interface GroupReset {
  readonly groupId: string;
  readonly to: OffsetTarget;
  /** All partitions of these topics. Default, when there are no `partitions` either: all that the group has committed. */
  readonly topics?: readonly string[];
  readonly partitions?: readonly PartitionName[];
  /** Changes nothing, and tells what would be. Default false. */
  readonly dryRun?: boolean;
}

/** What a reset does to one partition. */
export interface OffsetChange extends PartitionName {
  /** Undefined: nothing was committed. */
  readonly before: number | undefined;
  readonly after: number;
}

/** What a reset has done, or would do. */
export interface GroupResetResult {
  readonly changes: readonly OffsetChange[];
  /** Members that lose what they have, join again, and go on from there. */
  readonly expelled: number;
}
