/** What the conditions of a Topic say, outcome by outcome. */
import type { Finding } from '@streamhouse/api/crd/resource.ts';
import type { TOPIC_CONDITIONS } from '@streamhouse/api/crd/topic.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import type { KubernetesOwner } from '@streamhouse/store/metadata/topics.ts';
import { RECREATE_ANNOTATION } from './topic-wish.ts';

export type TopicFinding = Finding<typeof TOPIC_CONDITIONS>;
type Drifted = Extract<TopicFinding, { type: 'Drifted' }>;
type Accepted = Extract<TopicFinding, { type: 'Accepted' }>;
type Ready = Extract<TopicFinding, { type: 'Ready' }>;

export const IN_SYNC: Drifted = {
  type: 'Drifted',
  status: 'False',
  reason: 'InSync',
  message: 'nothing else is known to have changed the topic',
};

export const PAUSED: TopicFinding = {
  type: 'Paused',
  status: 'True',
  reason: 'Paused',
  message: 'nothing is done to the topic, deletion included, until paused is false',
};

export const NOT_PAUSED: TopicFinding = {
  type: 'Paused',
  status: 'False',
  reason: 'NotPaused',
  message: 'the topic follows the spec',
};

export const SEE_ACCEPTED: Ready = {
  type: 'Ready',
  status: 'False',
  reason: 'NotAccepted',
  message: 'see the condition Accepted',
};

/** Of a resource that has its topic as it wants it, with this many partitions. `drift` is one that is reported and left. */
export function ownedFindings(
  wish: TopicWish,
  partitions: number,
  drift: Drifted | undefined,
): readonly TopicFinding[] {
  const ready = `the topic "${wish.topicName}" has ${counted(partitions)}`;
  return [
    isOwner(wish.topicName),
    { type: 'Ready', status: 'True', reason: 'Ready', message: ready },
    drift ?? aheadOrInSync(wish, partitions),
  ];
}

/** Accepted, Ready and Drifted after a claim; `isOwner` says whether the resource has a topic whatever the outcome. */
export function findingsOf(
  wish: TopicWish,
  outcome: ClaimOutcome,
  owns: boolean,
): readonly TopicFinding[] {
  switch (outcome.kind) {
    case 'created':
    case 'adopted':
    case 'restored':
    case 'updated':
    case 'unchanged':
      return ownedFindings(wish, outcome.topic.partitions, undefined);
    case 'drifted':
      return ownedFindings(wish, outcome.topic.partitions, reported(outcome.differs));
    case 'nameConflict':
      return [nameConflict(wish, outcome), SEE_ACCEPTED, IN_SYNC];
    case 'renameRefused':
      return [otherName(wish, outcome.name), SEE_ACCEPTED, IN_SYNC];
    case 'invalid':
      return [notAccepted('InvalidSpec', outcome.problem), SEE_ACCEPTED, IN_SYNC];
    case 'adoptionConflict':
      return [NOT_CLAIMED, adoptionConflict(wish, outcome.topic.partitions), IN_SYNC];
    case 'dataLost':
      return [NOT_CLAIMED, dataLost(wish), IN_SYNC];
    case 'partitionsLimit':
      return [
        owns ? isOwner(wish.topicName) : NOT_CLAIMED,
        notReady(
          'PartitionsLimit',
          `the cluster may have ${counted(outcome.partitionsMax)} at most: delete topics, or ask for fewer`,
        ),
        IN_SYNC,
      ];
  }
}

const NOT_CLAIMED: Accepted = notAccepted('NotClaimed', 'see the condition Ready');

function isOwner(topicName: string): Accepted {
  const message = `the topic "${topicName}" is managed by this resource`;
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message };
}

function notAccepted(reason: Accepted['reason'], message: string): Accepted {
  return { type: 'Accepted', status: 'False', reason, message };
}

function notReady(reason: Ready['reason'], message: string): Ready {
  return { type: 'Ready', status: 'False', reason, message };
}

function aheadOrInSync(wish: TopicWish, partitions: number): Drifted {
  if (partitions <= wish.partitions) return IN_SYNC;
  const message = `the topic has ${counted(partitions)} and the spec asks for ${wish.partitions}; they never shrink: set partitions to ${partitions}`;
  return { type: 'Drifted', status: 'True', reason: 'PartitionsAhead', message };
}

function reported(fields: readonly string[]): Drifted {
  const message = `changed in Postgres and left so: ${fields.join(', ')}`;
  return { type: 'Drifted', status: 'True', reason: 'DriftReported', message };
}

function nameConflict(
  wish: TopicWish,
  { name, owner }: Extract<ClaimOutcome, { kind: 'nameConflict' }>,
): Accepted {
  if (name !== wish.topicName) {
    const message = `the name "${wish.topicName}" differs from the topic "${name}" by "." and "_" only: choose another topicName`;
    return notAccepted('NameCollision', message);
  }
  const message =
    owner === undefined
      ? `the topic "${name}" exists already: to take it over, set adoptionPolicy to Adopt`
      : `the topic "${name}" is managed by the Topic ${resourceName(owner)}: choose another topicName, or delete that one`;
  return notAccepted('NameConflict', message);
}

function otherName(wish: TopicWish, name: string): Accepted {
  const message = `this resource has the topic "${name}", and names never change: for "${wish.topicName}" make another resource`;
  return notAccepted('NameConflict', message);
}

function adoptionConflict(wish: TopicWish, partitions: number): Ready {
  const message = `the topic "${wish.topicName}" exists with ${counted(partitions)}, which never shrink: set partitions to ${partitions} or more`;
  return notReady('AdoptionConflict', message);
}

function dataLost(wish: TopicWish): Ready {
  const message = `the topic "${wish.topicName}" was deleted elsewhere and its records are gone: the annotation ${RECREATE_ANNOTATION}: "true" makes it anew, empty`;
  return notReady('DataLost', message);
}

function resourceName({ namespace, name }: KubernetesOwner): string {
  return `${namespace}/${name}`;
}

function counted(partitions: number): string {
  return partitions === 1 ? '1 partition' : `${partitions} partitions`;
}
