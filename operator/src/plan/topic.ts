/**
 * What is to be done about a Topic resource, from the resource alone, and what its status becomes once Postgres has answered.
 * Pure: controllers/topic-reconciler.ts asks and writes.
 */
import { checkResource } from '@streamhouse/api/crd/check.ts';
import { TOPIC, type TopicResource, type TopicStatus } from '@streamhouse/api/crd/topic.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import type { TopicId } from '@streamhouse/core/ids.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import { conditionOf, withFindings } from './conditions.ts';
import { eventsOf, type TopicEvent, transitionEvents } from './topic-events.ts';
import {
  findingsOf,
  IN_SYNC,
  NOT_PAUSED,
  ownedFindings,
  PAUSED,
  SEE_ACCEPTED,
  type TopicFinding,
} from './topic-findings.ts';
import { graceMsOf, topicIdOf, type TopicPolicy, wishOf, withName } from './topic-wish.ts';

/** Keeps a resource until its topic is deleted. Only those with `deletionPolicy: Delete` have it. */
export const TOPIC_FINALIZER = 'streamhouse.io/topic';

/** What the resource becomes; its writer skips what it is already. */
export interface TopicChange {
  readonly status: TopicStatus;
  readonly hasFinalizer: boolean;
  readonly events: readonly TopicEvent[];
}

export interface TopicDeletion {
  readonly kind: 'delete';
  readonly topicId: TopicId | undefined;
  readonly graceMs: number;
}

export type TopicPlan =
  /** Postgres is not asked. */
  | { readonly kind: 'settle'; readonly change: TopicChange }
  /** Postgres decides; see `afterClaim`. With `addsFinalizer` only once the resource has it. */
  | { readonly kind: 'claim'; readonly wish: TopicWish; readonly addsFinalizer: boolean }
  /** The resource is being deleted and waits for its topic. Without an id: for the topics that its uid owns, if any. */
  | TopicDeletion
  /** The resource is being deleted and waits for nothing of ours. */
  | { readonly kind: 'none' };

export interface TopicFacts {
  /** Whether Postgres may have something else than the status says. */
  readonly isSuspect: boolean;
}

/** `nowMs` is wall time, for people. Total: any resource that was ever stored has a plan. */
export function planTopic(
  resource: TopicResource,
  facts: TopicFacts,
  policy: TopicPolicy,
  nowMs: number,
): TopicPlan {
  const { metadata, spec } = resource;
  if (metadata.deletionTimestamp !== undefined) return planDeletion(resource, nowMs);
  if (spec.paused) return settle(resource, pausedFindings(resource), nowMs);
  const wish = wishOrProblem(resource, policy);
  if (typeof wish === 'string') return refuse(resource, 'InvalidSpec', wish, nowMs);
  if (!facts.isSuspect && isApplied(resource, wish)) {
    const partitions = resource.status?.partitions ?? wish.partitions;
    const findings = [...ownedFindings(wish, partitions, keptDrift(resource)), NOT_PAUSED];
    return settle(resource, findings, nowMs, { hasFinalizer: wantsFinalizer(resource) });
  }
  const nameProblem = problemOf(() => checkTopicName(wish.topicName));
  if (nameProblem !== undefined) return refuse(resource, 'InvalidName', nameProblem, nowMs);
  const [problem] = checkResource(TOPIC, resource, undefined);
  if (problem !== undefined) {
    return refuse(resource, 'InvalidSpec', `${problem.path} ${problem.message}`, nowMs);
  }
  // One that lost before gets it after it has won: else each look would write it and take it back.
  const addsFinalizer = wantsFinalizer(resource) && !hasLost(resource);
  return { kind: 'claim', wish, addsFinalizer };
}

/** What Postgres said to a wish. The answer `renameRefused` may be followed by another wish: see `renamedWish`. */
export function afterClaim(
  resource: TopicResource,
  wish: TopicWish,
  outcome: ClaimOutcome,
  nowMs: number,
): TopicChange {
  const owns = ownsTopic(resource, outcome);
  const findings = [...findingsOf(wish, outcome, owns), NOT_PAUSED];
  const events = eventsOf(wish, outcome);
  const hasFinalizer = owns && wantsFinalizer(resource);
  const status = statusAfter(resource, wish, outcome, owns);
  return changeOf(resource, status, findings, { hasFinalizer, events, nowMs });
}

function statusAfter(
  resource: TopicResource,
  wish: TopicWish,
  outcome: ClaimOutcome,
  owns: boolean,
): TopicStatus {
  const { metadata, status = {} } = resource;
  const observedGeneration = metadata.generation;
  if (isApplying(outcome)) {
    const { topicId, partitions } = outcome.topic;
    const { topicName, specHash } = wish;
    return { observedGeneration, topicId, topicName, partitions, specHash };
  }
  if (outcome.kind === 'renameRefused') {
    const { topicId, partitions } = outcome.topic;
    return { ...status, observedGeneration, topicId, topicName: outcome.name, partitions };
  }
  if (owns) return { ...status, observedGeneration };
  // One that was lost stays named: another one is not taken for it unless the user says so.
  return { observedGeneration, topicId: status.topicId, topicName: wish.topicName };
}

/**
 * The wish with the name that the resource's topic has: the naming template is not what it was and the status is lost.
 * Undefined when the user gave another name.
 */
export function renamedWish(
  resource: TopicResource,
  wish: TopicWish,
  outcome: ClaimOutcome,
): TopicWish | undefined {
  if (outcome.kind !== 'renameRefused' || resource.spec.topicName !== undefined) return undefined;
  if (wish.topicName === outcome.name) return undefined;
  return withName(wish, outcome.name);
}

/** What the resource says while Postgres cannot be asked; undefined when what it says still holds. */
export function whenUnreachable(resource: TopicResource, nowMs: number): TopicChange | undefined {
  const { metadata, status } = resource;
  const isDeleting = metadata.deletionTimestamp !== undefined;
  if (!isDeleting && hasVerdict(resource)) return undefined;
  const wait = 'Postgres cannot be reached; it is tried again';
  const force = `kubectl patch topics.streamhouse.io ${metadata.name} -n ${metadata.namespace} --type=merge -p '{"metadata":{"finalizers":null}}'`;
  const message = isDeleting
    ? `${wait}, and the topic is deleted then. To give the resource up now and keep the topic: ${force}`
    : wait;
  const unreachable = { status: 'Unknown', reason: 'MetadataUnreachable', message } as const;
  const findings: TopicFinding[] = [
    ...(isAccepted(resource) ? [] : [{ type: 'Accepted', ...unreachable } as const]),
    { type: 'Ready', ...unreachable },
    ...initialDrift(resource),
    resource.spec.paused ? PAUSED : NOT_PAUSED,
  ];
  const hasFinalizer = hasOurFinalizer(resource);
  return changeOf(resource, status ?? {}, findings, { hasFinalizer, events: [], nowMs });
}

function hasOurFinalizer({ metadata }: TopicResource): boolean {
  return metadata.finalizers?.includes(TOPIC_FINALIZER) ?? false;
}

/** Whether the status says that this wish was applied and nothing else has to be done. */
export function isApplied({ status }: TopicResource, wish: TopicWish): boolean {
  const isTrue = (type: string): boolean =>
    conditionOf(status?.conditions, type)?.status === 'True';
  return (
    wish.topicId !== undefined &&
    status?.topicName === wish.topicName &&
    status.specHash === wish.specHash &&
    isTrue('Accepted') &&
    isTrue('Ready') &&
    !isTrue('Paused')
  );
}

/** Whether Postgres has answered for this generation, whatever it said. */
function hasVerdict({ metadata, status }: TopicResource): boolean {
  const ready = conditionOf(status?.conditions, 'Ready');
  return ready?.observedGeneration === metadata.generation && ready.status !== 'Unknown';
}

function planDeletion(resource: TopicResource, nowMs: number): TopicPlan {
  if (!hasOurFinalizer(resource)) return { kind: 'none' };
  if (resource.spec.paused) return settle(resource, pausedFindings(resource), nowMs);
  if (resource.spec.deletionPolicy === 'Delete') {
    return deletionOf(resource);
  }
  // The topic is released once the resource is gone, as that of one without finalizer.
  const change = { status: resource.status ?? {}, hasFinalizer: false, events: [] };
  return { kind: 'settle', change };
}

/**
 * What becomes of the topic of a resource that is gone; undefined: it stays. A resource that waited for its name gets the
 * finalizer only once it has won: one that goes just then is known to have said Delete only to who has seen it.
 */
export function planGone(resource: TopicResource): TopicDeletion | undefined {
  const { metadata, spec } = resource;
  // With a deletion timestamp, or the finalizer, it went because somebody took the finalizer away: to keep the topic.
  const wasHeld = metadata.deletionTimestamp !== undefined || hasOurFinalizer(resource);
  return wasHeld || spec.paused || !wantsFinalizer(resource) ? undefined : deletionOf(resource);
}

function deletionOf(resource: TopicResource): TopicDeletion {
  return { kind: 'delete', topicId: topicIdOf(resource), graceMs: graceMsOf(resource) };
}

function wishOrProblem(resource: TopicResource, policy: TopicPolicy): TopicWish | string {
  try {
    return wishOf(resource, policy);
  } catch (error) {
    return toStreamError(error).message;
  }
}

function problemOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return toStreamError(error).message;
  }
}

/** A resource that cannot have a topic as it is; what it had stays as it is. */
function refuse(
  resource: TopicResource,
  reason: 'InvalidSpec' | 'InvalidName',
  problem: string,
  nowMs: number,
): TopicPlan {
  const findings: TopicFinding[] = [
    { type: 'Accepted', status: 'False', reason, message: problem },
    SEE_ACCEPTED,
    ...initialDrift(resource),
    NOT_PAUSED,
  ];
  return settle(resource, findings, nowMs);
}

function settle(
  resource: TopicResource,
  findings: readonly TopicFinding[],
  nowMs: number,
  { hasFinalizer = hasOurFinalizer(resource) }: { readonly hasFinalizer?: boolean } = {},
): TopicPlan {
  const observedGeneration = resource.metadata.generation;
  const status = { ...resource.status, observedGeneration };
  const change = changeOf(resource, status, findings, { hasFinalizer, events: [], nowMs });
  return { kind: 'settle', change };
}

function changeOf(
  resource: TopicResource,
  status: TopicStatus,
  findings: readonly TopicFinding[],
  rest: Pick<TopicChange, 'hasFinalizer' | 'events'> & { readonly nowMs: number },
): TopicChange {
  const before = resource.status?.conditions;
  const { generation } = resource.metadata;
  return {
    status: { ...status, conditions: withFindings(before, findings, generation, rest.nowMs) },
    hasFinalizer: rest.hasFinalizer,
    events: [...rest.events, ...transitionEvents(before, findings)],
  };
}

/** Conditions stay as they were; those that it never had say why. */
function pausedFindings({ status }: TopicResource): readonly TopicFinding[] {
  const message = 'nothing was done before the spec said paused: set paused to false';
  const initial: readonly TopicFinding[] = [
    { type: 'Accepted', status: 'Unknown', reason: 'NotClaimed', message },
    { type: 'Ready', status: 'Unknown', reason: 'Paused', message },
    IN_SYNC,
  ];
  const missing = initial.filter(({ type }) => conditionOf(status?.conditions, type) === undefined);
  return [...missing, PAUSED];
}

/** One that was reported stays until Postgres is looked at again. */
function keptDrift({
  status,
}: TopicResource): Extract<TopicFinding, { type: 'Drifted' }> | undefined {
  const known = conditionOf(status?.conditions, 'Drifted');
  if (known?.reason !== 'DriftReported') return undefined;
  const { message } = known;
  return { type: 'Drifted', status: known.status, reason: 'DriftReported', message };
}

/** Nothing to say of drift: what was said stays. */
function initialDrift({ status }: TopicResource): readonly TopicFinding[] {
  return conditionOf(status?.conditions, 'Drifted') === undefined ? [IN_SYNC] : [];
}

function wantsFinalizer({ spec }: TopicResource): boolean {
  return spec.deletionPolicy === 'Delete';
}

function isAccepted({ status }: TopicResource): boolean {
  return conditionOf(status?.conditions, 'Accepted')?.status === 'True';
}

function hasLost({ status }: TopicResource): boolean {
  return conditionOf(status?.conditions, 'Accepted')?.status === 'False';
}

/** Whether the resource has a topic after this outcome, be it as the spec says or not. */
function ownsTopic(resource: TopicResource, outcome: ClaimOutcome): boolean {
  const isLimited = outcome.kind === 'partitionsLimit' && isAccepted(resource);
  return isLimited || outcome.kind === 'renameRefused' || isApplying(outcome);
}

type Applying = Extract<
  ClaimOutcome,
  { kind: 'created' | 'adopted' | 'restored' | 'updated' | 'unchanged' | 'drifted' }
>;

/** Whether the wish's spec is that of the topic now, or was and is left to differ. */
function isApplying(outcome: ClaimOutcome): outcome is Applying {
  switch (outcome.kind) {
    case 'created':
    case 'adopted':
    case 'restored':
    case 'updated':
    case 'unchanged':
    case 'drifted':
      return true;
    case 'nameConflict':
    case 'adoptionConflict':
    case 'renameRefused':
    case 'dataLost':
    case 'partitionsLimit':
    case 'invalid':
      return false;
  }
}
