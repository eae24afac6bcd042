import { toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import type { TopicWish } from '../operator.ts';

/** Why no topic can be as a wish has it, whatever the database holds; undefined when one can. */
export function wishProblem(wish: TopicWish): string | undefined {
  return nameProblem(wish.topicName) ?? numberProblem(wish) ?? textProblem(wish);
}

function nameProblem(name: string): string | undefined {
  try {
    checkTopicName(name);
    return undefined;
  } catch (error) {
    return toStreamError(error).message;
  }
}

function numberProblem({ partitions, settings }: TopicWish): string | undefined {
  const max = LIMITS.topicPartitionsMax;
  if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > max) {
    return `partitions must be in 1..${max}, got ${partitions}`;
  }
  for (const field of ['retentionMs', 'retentionBytes'] as const) {
    const value = settings[field];
    if (value !== null && (!Number.isSafeInteger(value) || value < 0)) {
      return `${field} must be an integer from 0 or null, got ${value}`;
    }
  }
  return undefined;
}

/** Postgres has no NUL and no half of a surrogate pair in its texts. */
function textProblem({ owner, specHash, settings }: TopicWish): string | undefined {
  const { uid, namespace, name } = owner;
  const texts = { uid, namespace, name, specHash, pool: settings.pool };
  const entries = Object.entries(settings.config);
  const bad = [...Object.entries(texts), ...entries].find(
    ([key, value]) => !isStorable(key) || !isStorable(value),
  );
  return bad === undefined ? undefined : `${JSON.stringify(bad[0])} has a character of no text`;
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
