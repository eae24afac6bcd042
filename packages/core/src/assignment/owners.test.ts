import { describe, expect, it } from 'vitest';
import { member } from './assignor.test-support.ts';
import { ownersOf } from './owners.ts';

function claims(memberId: string, ownedGeneration: number, ...owned: string[]) {
  return member(memberId, [], owned, { ownedGeneration });
}

function owners(...members: readonly ReturnType<typeof claims>[]): Record<string, string> {
  const forward = ownersOf(members);
  const backward = ownersOf(members.toReversed());
  expect(backward).toEqual(forward);
  return Object.fromEntries(forward);
}

describe('ownersOf', () => {
  it('believes a claim that nobody contradicts, however old', () => {
    expect(owners(claims('a', 1, 't/0'), claims('b', 7, 't/1'))).toEqual({
      't/0': 'a',
      't/1': 'b',
    });
  });

  it('believes the claim of the highest generation', () => {
    expect(owners(claims('a', 6, 't/0'), claims('b', 7, 't/0'))).toEqual({ 't/0': 'b' });
  });

  it('believes neither of two claims of the highest generation, nor an older one', () => {
    const two = [claims('a', 7, 't/0'), claims('b', 7, 't/0')] as const;
    expect(owners(...two, claims('c', 6, 't/0', 't/1'))).toEqual({ 't/1': 'c' });
    expect(owners(claims('c', 6, 't/0'), ...two)).toEqual({});
  });

  it('believes a claim of a higher generation than that of two that contradict each other', () => {
    const two = [claims('a', 6, 't/0'), claims('b', 6, 't/0')] as const;
    expect(owners(...two, claims('c', 7, 't/0'))).toEqual({ 't/0': 'c' });
  });

  it('takes a claim that a member makes twice for one', () => {
    expect(owners(claims('a', 7, 't/0', 't/0'))).toEqual({ 't/0': 'a' });
  });
});
