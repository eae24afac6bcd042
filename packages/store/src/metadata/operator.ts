import { StreamError } from '@streamhouse/core/errors.ts';
import type { Incarnation, TopicId } from '@streamhouse/core/ids.ts';
import type { KubernetesOwner, Topic, TopicSettings } from './topics.ts';

/** Number of one leader's term. A later leader has a higher one, and every write names its own. */
export type OperatorEpoch = number & { readonly __brand: 'OperatorEpoch' };

/** @throws StreamError `invalid` when `value` is not an integer in 1..2^53-1. */
export function operatorEpoch(value: number): OperatorEpoch {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new StreamError('invalid', 'OUT_OF_BOUNDS', `an operator epoch is from 1, got ${value}`);
  }
  return value as OperatorEpoch;
}

/** What a resource wants of its topic. */
export interface TopicWish {
  readonly owner: KubernetesOwner;
  readonly topicName: string;
  readonly partitions: number;
  readonly settings: TopicSettings;
  /** Names this spec: kept with the topic, so that a later look tells a new spec from drift. */
  readonly specHash: string;
  /** What becomes of a topic with this name that no resource manages. */
  readonly adoption: 'adopt' | 'fail';
  /** What becomes of values that differ although this spec was applied: somebody changed Postgres. */
  readonly drift: 'correct' | 'report';
  /** The topic that the resource had before: another one is never given in its place unless `recreate` says so. */
  readonly topicId: TopicId | undefined;
  /** The resource takes an empty topic, or another one of its name, when its own is lost. */
  readonly recreate: boolean;
}

/** What a spec sets and an update can change. */
export type TopicField = keyof TopicSettings | 'partitions';

export interface ClaimedTopic {
  readonly topicId: TopicId;
  /** As they are now: more than the wish has when they were grown outside. Never fewer. */
  readonly partitions: number;
}

/** What became of one wish. The first five are its topic; the others changed nothing. */
export type ClaimOutcome =
  | { readonly kind: 'created'; readonly topic: ClaimedTopic }
  /** Nobody managed it: it is this resource's now. */
  | {
      readonly kind: 'adopted';
      readonly topic: ClaimedTopic;
      readonly changed: readonly TopicField[];
    }
  /** Was deleted, within its grace: back with its id and records. */
  | {
      readonly kind: 'restored';
      readonly topic: ClaimedTopic;
      readonly changed: readonly TopicField[];
    }
  /** `isDrift`: this spec had been applied before, so the values were changed outside. */
  | {
      readonly kind: 'updated';
      readonly topic: ClaimedTopic;
      readonly changed: readonly TopicField[];
      readonly isDrift: boolean;
    }
  | { readonly kind: 'unchanged'; readonly topic: ClaimedTopic }
  /** Values that differ from the applied spec, left as they are: the wish's `drift` is `report`. */
  | {
      readonly kind: 'drifted';
      readonly topic: ClaimedTopic;
      readonly differs: readonly TopicField[];
    }
  /**
   * The name is another's: `name` is the other topic's, equal or different only by `.` and `_`; `owner` is undefined when
   * no resource manages it.
   */
  | {
      readonly kind: 'nameConflict';
      readonly name: string;
      readonly owner: KubernetesOwner | undefined;
    }
  /** A topic that nobody manages has more partitions than the wish. */
  | { readonly kind: 'adoptionConflict'; readonly topic: ClaimedTopic }
  /** The resource has a topic by another name already: names never change. */
  | { readonly kind: 'renameRefused'; readonly topic: ClaimedTopic; readonly name: string }
  /** The resource's topic is gone and so are its records. */
  | { readonly kind: 'dataLost' }
  /** The cluster would have more than `partitionsMax` partitions. */
  | { readonly kind: 'partitionsLimit'; readonly partitionsMax: number }
  /** No topic can be like that, whatever the database holds: `problem` says why. */
  | { readonly kind: 'invalid'; readonly problem: string };

/** A topic of a resource, for the comparison with what the resources want. */
export interface OwnedTopic extends Topic {
  readonly owner: KubernetesOwner;
  readonly specHash: string;
  readonly deletion: TopicDeletion | undefined;
}

export interface TopicDeletion {
  readonly deletedAtMs: number;
  /** Until then it can be restored; undefined: it was deleted outside, and nobody said for how long it is kept. */
  readonly purgeAfterMs: number | undefined;
}

export interface TopicOwnership {
  readonly topicId: TopicId;
  readonly owner: KubernetesOwner;
}

/** `absent`: there is no such topic any more. `notOwned`: it is not this owner's, so it stays. */
export type SoftDeleteOutcome = 'deleted' | 'absent' | 'notOwned';

export interface PurgeStep {
  /** Rows that went. */
  readonly rows: number;
  /** The topic of which nothing is left now. */
  readonly purged: TopicId | undefined;
  /** Whether another step has work now. */
  readonly hasMore: boolean;
}

/**
 * What an operator may do to topics and to agents. Each write names the term of its leader and is refused with StreamError `fenced`
 * OPERATOR_FENCED once a later leader has come: a write either is done before `lead` resolves, or never.
 */
export interface OperatorStore {
  /** Begins a term that ends all earlier ones. `identity` is for people. */
  lead(identity: string, signal: AbortSignal): Promise<OperatorEpoch>;
  /**
   * Gives each wish its topic or says why not: outcomes in the order of the wishes, at most LIMITS.claimTopicsMax. The
   * wishes are independent; of two that want one name one gets it. One statement; can be repeated. Notifies `topics`.
   */
  claim(
    epoch: OperatorEpoch,
    wishes: readonly TopicWish[],
    signal: AbortSignal,
  ): Promise<readonly ClaimOutcome[]>;
  /** Gives the topic back to the API as it is. Resolves whether it was this owner's. Notifies `topics`. */
  release(
    epoch: OperatorEpoch,
    topicId: TopicId,
    ownerUid: string,
    signal: AbortSignal,
  ): Promise<boolean>;
  /**
   * Hides this owner's topic. Its name is free at once; for `graceMs` a claim of the same resource, or of one with its
   * namespace and name, restores it if the name is still free. Can be repeated: the first grace counts. Notifies.
   */
  softDelete(
    epoch: OperatorEpoch,
    topicId: TopicId,
    ownerUid: string,
    graceMs: number,
    signal: AbortSignal,
  ): Promise<SoftDeleteOutcome>;
  /** As that of AgentStore. */
  drainAgent(epoch: OperatorEpoch, incarnation: Incarnation, signal: AbortSignal): Promise<void>;
  /** Fences a session at once, because its process is known to be gone. Resolves whether it was live. Notifies. */
  fenceAgent(epoch: OperatorEpoch, incarnation: Incarnation, signal: AbortSignal): Promise<boolean>;
  /** Every topic that a resource has, and those of theirs that can be restored, sorted by topic id. One query. */
  snapshot(signal: AbortSignal): Promise<readonly OwnedTopic[]>;
  /**
   * Who owns what, to release the owners that are gone. Ask *before* listing the resources: an owner that was here then
   * and is absent from the complete list is gone, one that came later is not here.
   */
  owners(signal: AbortSignal): Promise<readonly TopicOwnership[]>;
  /**
   * Removes at most `limit` rows of topics past their grace. An interrupted purge goes on where it was; a topic that it
   * has begun with cannot be restored. Objects that lose their last run become garbage.
   */
  purge(epoch: OperatorEpoch, limit: number, signal: AbortSignal): Promise<PurgeStep>;
  /** Keys of objects that have been garbage for `graceMs`, so that nobody reads them any more, oldest first. */
  garbage(graceMs: number, limit: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Forgets garbage that is deleted from the object store. Until then `garbage` names it again. Resolves how many. */
  forget(epoch: OperatorEpoch, keys: readonly string[], signal: AbortSignal): Promise<number>;
}
