import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

function filled(count: number, changesMax: number): History {
  const history = new History(10, changesMax);
  for (let each = 1; each <= count; each++) {
    history.add({ version: 10 + 2 * each, key: 'k', previous: undefined, next: undefined });
  }
  return history;
}

function versions(history: History, after: number, countMax?: number): number[] | undefined {
  return history.after(after, countMax)?.map((change) => change.version);
}

describe('History', () => {
  it('gives the changes after a version, also one that no change of this kind made', () => {
    const history = filled(4, 10);
    expect(versions(history, 10)).toEqual([12, 14, 16, 18]);
    expect(versions(history, 13)).toEqual([14, 16, 18]);
    expect(versions(history, 14)).toEqual([16, 18]);
    expect(versions(history, 18)).toEqual([]);
    expect(versions(history, 99)).toEqual([]);
    expect(versions(history, 10, 2)).toEqual([12, 14]);
  });

  it('knows nothing from before its beginning', () => {
    expect(versions(filled(1, 10), 9)).toBeUndefined();
  });

  it('forgets the oldest changes and says so, instead of leaving them out', () => {
    const history = filled(10, 5);
    expect(history.floor).toBe(21);
    expect(versions(history, 20)).toBeUndefined();
    expect(versions(history, 21)).toEqual([22, 24, 26, 28, 30]);
  });
});
