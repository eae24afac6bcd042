import { describe, expect, it } from 'vitest';
import { hashPair, hashText } from './hash.ts';

describe('placement hashes', () => {
  it('never change: agents of two versions must come to one placement', () => {
    expect(['', 'agent-0', 'agent-1', 'Zürich'].map(hashText)).toEqual([
      2872998923, 3641960893, 2146876314, 2490234560,
    ]);
    expect([hashPair(1, 2), hashPair(2, 1), hashPair(0xffffffff, 0)]).toEqual([
      3024231355, 314344336, 918526378,
    ]);
  });

  it('mix as MurmurHash3 does: 1 becomes 0x514e28b7', () => {
    expect(hashPair(0, 1)).toBe(0x514e28b7);
  });

  it('change half of their bits with one bit of either input', () => {
    for (const side of [0, 1]) {
      let changed = 0;
      for (let number = 0; number < 32_000; number++) {
        const bit = 1 << (number % 32);
        const pair: [number, number] = side === 0 ? [number ^ bit, 7] : [7, number ^ bit];
        const plain = side === 0 ? hashPair(number, 7) : hashPair(7, number);
        changed += bitCount(hashPair(...pair) ^ plain);
      }
      expect(Math.abs(changed / 32_000 - 16)).toBeLessThan(0.2);
    }
  });
});

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}
