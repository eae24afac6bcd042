/** What the supervisor and a client process tell each other. */
import type { ProducerOptions } from '@streamhouse/client/mod.ts';

/** The group that clients share the partitions of all topics in. */
export const GROUP = 'sharers';

/** A topic as it is now. */
export interface LiveTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: number;
}

/** How far a partition was read: the next offset. */
export interface Position {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface WorkerTask {
  /** Of this life: no other one has it. Its processes in the history begin with it. */
  readonly name: string;
  readonly bootstrap: readonly string[];
  /** `process.hrtime.bigint()` at the beginning of the run: one clock for all processes of a machine. */
  readonly originNs: bigint;
  /** Where this life writes its part of the history. */
  readonly file: string;
  readonly seed: number;
  readonly topics: readonly LiveTopic[];
  readonly role: WorkerRole;
  /** Where an earlier life of a follower had come. */
  readonly positions: readonly Position[];
}

export type WorkerRole =
  | {
      readonly kind: 'client';
      readonly producer: Omit<ProducerOptions, 'bootstrap'>;
      /** Operations of one partition that are under way at a time. */
      readonly lanes: number;
      /** Records of one operation at most. */
      readonly recordsMax: number;
      /** Milliseconds from the beginning of one operation of a lane to that of the next, on average, if it is answered so soon. */
      readonly paceMs: number;
      readonly follows: boolean;
      /** How it commits as a member of the group; undefined: it is none. */
      readonly commits: 'itself' | 'automatically' | undefined;
    }
  /** Reads all topics from the start to where they end now, and is done. */
  | { readonly kind: 'reader' };

export type ToWorker =
  | { readonly kind: 'task'; readonly task: WorkerTask }
  | { readonly kind: 'topics'; readonly topics: readonly LiveTopic[] }
  /** Followers: read again what lies a little back. */
  | { readonly kind: 'reread' }
  /** Send nothing more, and say when everything is answered. */
  | { readonly kind: 'quiet' }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'acknowledged'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'polled'; readonly positions: readonly Position[] }
  | { readonly kind: 'quiet' }
  /** A reader has read everything. */
  | { readonly kind: 'finished' };
