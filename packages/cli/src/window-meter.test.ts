import { describe, expect, it } from 'vitest';
import { spreadOf, WindowMeter } from './window-meter.ts';

describe('spreadOf', () => {
  it.each([
    [[], { min: 0, median: 0, max: 0 }],
    [[3], { min: 3, median: 3, max: 3 }],
    [[10, 1, 4], { min: 1, median: 4, max: 10 }],
    [[10, 1, 4, 6], { min: 1, median: 5, max: 10 }],
  ])('of %j', (figures, spread) => {
    expect(spreadOf(figures)).toEqual(spread);
  });
});

describe('WindowMeter', () => {
  it('gives the rate of each window that is over', () => {
    const meter = new WindowMeter(1_000, 0);
    meter.add(100, 500);
    meter.add(100, 1_000);
    meter.add(50, 1_500);
    expect(meter.rates(1_600)).toEqual([200]);
    expect(meter.total).toBe(250);
  });

  it('makes a stall one slow window', () => {
    const meter = new WindowMeter(1_000, 0);
    meter.add(100, 4_000);
    expect(meter.rates(4_000)).toEqual([25]);
  });

  it('gives the rate of the open window when there is no other', () => {
    const meter = new WindowMeter(1_000, 0);
    meter.add(100, 400);
    expect(meter.rates(500)).toEqual([200]);
  });
});
