import { randomUUID } from 'node:crypto';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { ClaimOutcome, OperatorEpoch, TopicWish } from '../operator.ts';
import type { OperatorMetadata } from '../port.ts';
import type { KubernetesOwner } from '../topics.ts';
import { SETTINGS, soon } from './log.test-support.ts';

export const DAY_MS = 86_400_000;

/** A resource of the namespace `shop`, another one each time also when the name is the same. */
export function resource(name: string): KubernetesOwner {
  return { kind: 'kubernetes', uid: randomUUID(), namespace: 'shop', name };
}

/** What a new resource with the topic's name wants. */
export function wishFor(topicName: string, change: Partial<TopicWish> = {}): TopicWish {
  return {
    owner: resource(topicName),
    topicName,
    partitions: 2,
    settings: SETTINGS,
    specHash: 'first',
    adoption: 'adopt',
    drift: 'correct',
    topicId: undefined,
    recreate: false,
    ...change,
  };
}

export async function claimOne(
  metadata: OperatorMetadata,
  epoch: OperatorEpoch,
  wish: TopicWish,
): Promise<ClaimOutcome> {
  const [outcome] = await metadata.operator.claim(epoch, [wish], soon());
  if (outcome === undefined) throw new Error('the wish had no outcome');
  return outcome;
}

/** The topic of an outcome that has one. */
export function topicOf(outcome: ClaimOutcome): Extract<ClaimOutcome, { topic: unknown }>['topic'] {
  if ('topic' in outcome) return outcome.topic;
  throw new Error(`no topic in ${JSON.stringify(outcome)}`);
}

/** What a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<StreamError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StreamError)) throw new Error('expected a StreamError', { cause: error });
  return error;
}
