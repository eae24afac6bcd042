/** What is worth an event: what was done to a topic, and conditions that became bad. */
import type { Condition } from '@streamhouse/api/crd/resource.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import { conditionOf } from './conditions.ts';
import type { TopicFinding } from './topic-findings.ts';

export interface TopicEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason:
    | 'Created'
    | 'Adopted'
    | 'Restored'
    | 'Updated'
    | 'DriftCorrected'
    | 'Deleted'
    | 'Retained'
    | TopicFinding['reason'];
  /** A sentence for people. */
  readonly note: string;
}

/** What was done to the topic of a wish. */
export function eventsOf(wish: TopicWish, outcome: ClaimOutcome): readonly TopicEvent[] {
  const topic = `the topic "${wish.topicName}"`;
  switch (outcome.kind) {
    case 'created':
      return [normal('Created', `made ${topic}`)];
    case 'adopted':
      return [normal('Adopted', `${topic} is managed by this resource now${fieldsOf(outcome)}`)];
    case 'restored':
      return [normal('Restored', `${topic} is back with its records${fieldsOf(outcome)}`)];
    case 'updated':
      return [
        outcome.isDrift
          ? normal('DriftCorrected', `${topic} is as the spec says again${fieldsOf(outcome)}`)
          : normal('Updated', `${topic} is as the spec says now${fieldsOf(outcome)}`),
      ];
    case 'unchanged':
    case 'drifted':
    case 'nameConflict':
    case 'adoptionConflict':
    case 'renameRefused':
    case 'dataLost':
    case 'partitionsLimit':
    case 'invalid':
      return [];
  }
}

/** A warning for each condition that is bad now for a reason that it did not have before. */
export function transitionEvents(
  before: readonly Condition[] | undefined,
  findings: readonly TopicFinding[],
): readonly TopicEvent[] {
  return findings.flatMap((finding) => {
    const isNews = conditionOf(before, finding.type)?.reason !== finding.reason;
    if (!isNews || !isBad(finding)) return [];
    return [{ type: 'Warning', reason: finding.reason, note: finding.message }];
  });
}

export function deletedEvent(topicName: string, graceMs: number): TopicEvent {
  const hours = Math.round(graceMs / 36_000) / 100;
  const note = `deleted the topic "${topicName}"; applied again within ${hours} h it comes back with its records`;
  return normal('Deleted', note);
}

export function retainedEvent(): TopicEvent {
  return normal('Retained', 'the topic stays with its records, managed by nobody');
}

/** Those that only point to another condition say nothing new. */
function isBad({ type, status, reason }: TopicFinding): boolean {
  if (reason === 'NotAccepted' || reason === 'NotClaimed' || type === 'Paused') return false;
  if (type === 'Drifted') return status === 'True';
  return status === 'False';
}

function normal(reason: TopicEvent['reason'], note: string): TopicEvent {
  return { type: 'Normal', reason, note };
}

function fieldsOf({ changed }: { readonly changed: readonly string[] }): string {
  return changed.length === 0 ? '' : `: ${changed.join(', ')}`;
}
