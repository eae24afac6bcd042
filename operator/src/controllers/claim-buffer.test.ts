import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { ClaimOutcome, TopicWish } from '@streamhouse/store/metadata/operator.ts';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { ClaimBuffer } from './claim-buffer.ts';

function wish(name: string): TopicWish {
  return { topicName: name } as TopicWish;
}

/** The outcome tells whose it is. */
function outcomeOf({ topicName }: TopicWish): ClaimOutcome {
  return { kind: 'invalid', problem: topicName };
}

describe('the buffer of claims', () => {
  test('makes one statement of what comes together, and gives everyone its own outcome', async () => {
    const clock = new VirtualClock();
    const statements: number[] = [];
    const buffer = new ClaimBuffer(async (wishes) => {
      statements.push(wishes.length);
      return wishes.map(outcomeOf);
    }, clock);
    const names = Array.from({ length: LIMITS.claimTopicsMax + 1 }, (_, index) => `t-${index}`);
    const claims = Promise.all(names.map((name) => buffer.claim(wish(name))));
    await clock.pass(2);
    expect(await claims).toEqual(names.map((problem) => ({ kind: 'invalid', problem })));
    expect(statements).toEqual([LIMITS.claimTopicsMax, 1]);
    const later = buffer.claim(wish('later'));
    await clock.pass(2);
    expect(await later).toMatchObject({ problem: 'later' });
  });

  test('keeps a wish that the database chokes on from failing the others', async () => {
    const clock = new VirtualClock();
    const buffer = new ClaimBuffer(async (wishes) => {
      if (wishes.some(({ topicName }) => topicName === 'bad'))
        throw new StreamError('internal', 'POSTGRES_STATEMENT', 'it chokes');
      return wishes.map(outcomeOf);
    }, clock);
    const claims = Promise.allSettled(['a', 'bad', 'b'].map((name) => buffer.claim(wish(name))));
    await clock.pass(2);
    expect((await claims).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  test('asks once when nobody can be answered', async () => {
    const clock = new VirtualClock();
    let statements = 0;
    const buffer = new ClaimBuffer(async () => {
      statements++;
      throw new StreamError('fenced', 'OPERATOR_FENCED', 'another one leads');
    }, clock);
    const claims = Promise.allSettled(['a', 'b'].map((name) => buffer.claim(wish(name))));
    await clock.pass(2);
    await claims;
    expect(statements).toBe(1);
  });
});
