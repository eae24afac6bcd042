import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const { signal: NEVER } = new AbortController();

/** Takes and notes when it got through. */
function take(budget: ByteBudget, bytes: number, passed: number[], signal = NEVER): Promise<void> {
  return budget.take(bytes, signal).then(() => {
    passed.push(bytes);
  });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('I-41 the byte budget', () => {
  test('lets nobody past its bound, and those who wait in by their turn', async () => {
    const budget = new ByteBudget(10);
    const passed: number[] = [];
    const takes = [6, 5, 1, 4].map((bytes) => take(budget, bytes, passed));
    await settled();
    // The 1 would fit, but stands behind the 5: a large one is not overtaken for ever.
    expect(passed).toEqual([6]);
    expect(budget.tryTake(1)).toBe(false);
    budget.give(6);
    await Promise.all(takes);
    expect(passed).toEqual([6, 5, 1, 4]);
    expect(budget.used).toBe(10);
  });

  test('lets one pass that is larger than all of it, alone', async () => {
    const budget = new ByteBudget(10);
    expect(budget.tryTake(25)).toBe(true);
    expect(budget.tryTake(1)).toBe(false);
    budget.give(25);
    expect(budget.tryTake(1)).toBe(true);
    expect(budget.tryTake(25)).toBe(false);
  });

  test('forgets who gives up, and lets those behind in', async () => {
    const budget = new ByteBudget(10);
    const passed: number[] = [];
    budget.tryTake(6);
    const stop = new AbortController();
    const large = take(budget, 9, passed, stop.signal);
    const small = take(budget, 4, passed);
    stop.abort(new Error('gone'));
    await expect(large).rejects.toThrow('gone');
    await small;
    expect(passed).toEqual([4]);
    expect(budget.used).toBe(10);
  });

  test('takes nothing for a caller that has gone already', async () => {
    const budget = new ByteBudget(10);
    await expect(budget.take(1, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(budget.used).toBe(0);
  });

  test('gives everything back in the end, whatever the order', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (all) => {
        const budget = new ByteBudget(10);
        await Promise.all(
          all.map(async (bytes) => {
            await budget.take(bytes, NEVER);
            expect(budget.used === bytes || budget.used <= 10).toBe(true);
            budget.give(bytes);
          }),
        );
        expect(budget.used).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
