import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

describe('Slots', () => {
  it('let so many work at a time, the others in their order, also after one that failed', async () => {
    const slots = new Slots(2);
    const ends: PromiseWithResolvers<void>[] = [];
    const begun: string[] = [];
    const runs = ['a', 'b', 'c', 'd'].map((name, index) => {
      ends.push(Promise.withResolvers());
      return slots.run(async () => {
        begun.push(name);
        await ends[index]?.promise;
      });
    });
    expect(begun).toEqual(['a', 'b']);
    ends[1]?.reject(new Error('failed'));
    await expect(runs[1]).rejects.toThrow('failed');
    expect(begun).toEqual(['a', 'b', 'c']);
    ends[0]?.resolve();
    await runs[0];
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    for (const { resolve } of ends) resolve();
    await Promise.all([runs[2], runs[3]]);
    expect(await slots.run(() => Promise.resolve('free again'))).toBe('free again');
  });
});
