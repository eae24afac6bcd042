import { describe, expect, it } from 'vitest';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';

describe('label selectors', () => {
  const labels = { app: 'orders', 'example.com/tier': 'gold', empty: '' };

  it.each([
    ['', true],
    ['app=orders', true],
    ['app==orders', true],
    ['app = orders , example.com/tier=gold', true],
    ['app=orders,example.com/tier=silver', false],
    ['app!=orders', false],
    ['app!=other', true],
    ['missing!=x', true],
    ['missing=x', false],
    ['missing=', false],
    ['empty=', true],
    ['toString!=x', true],
  ])('%j matches: %s', (text, isMatch) => {
    expect(matchesLabels(parseLabelSelector(text)!, labels)).toBe(isMatch);
  });

  it('lets what has no labels pass only an empty selector and inequalities', () => {
    expect(matchesLabels([], undefined)).toBe(true);
    expect(matchesLabels(parseLabelSelector('app!=x')!, undefined)).toBe(true);
    expect(matchesLabels(parseLabelSelector('app=x')!, undefined)).toBe(false);
  });

  it.each(['app', 'app in (a,b)', '!app', 'app=a,', '=a', 'app=a b'])('refuses %j', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined();
  });
});
