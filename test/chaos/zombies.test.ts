import { expect, test } from 'vitest';
import { type ZombieFigures, zombieFindings, zombieVoidReasons } from './zombies.ts';

const GOOD: ZombieFigures = {
  wanted: 10,
  fenced: 10,
  inPut: 4,
  refused: 1,
  publishesRefused: 2,
  publishesAccepted: 0,
  overwrites: 0,
};

test('zombies that tried and were refused prove something', () => {
  expect(zombieVoidReasons(GOOD)).toEqual([]);
  expect(zombieFindings(GOOD)).toEqual([]);
});

test.each<[string, Partial<ZombieFigures>]>([
  ['9 of 10 pauses outlasted their session', { fenced: 9 }],
  ['3 of 10 were in a PUT', { inPut: 3 }],
  ['no zombie tried to publish', { refused: 0 }],
])('are void: %s', (reason, change) => {
  expect(zombieVoidReasons({ ...GOOD, ...change })).toEqual([reason]);
});

test('a publish of a zombie that was accepted is a violation', () => {
  const figures = { ...GOOD, publishesAccepted: 1 };
  expect(zombieFindings(figures)).toEqual(['zombie-publish: 1 were accepted']);
});
