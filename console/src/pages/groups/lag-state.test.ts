import { expect, test } from 'vitest';
import { lagState } from './lag-state.ts';

test.each([
  [0, 1_000, [0], [1, 1_000], [1_001]],
  [5, 50, [0, 5], [6, 50], [51, 1_000]],
  [0, 0, [0], [], [1]],
])(
  'up to %i a group is caught up, up to %i normal, beyond it lags',
  (caughtUpMax, normalMax, ...lags) => {
    const states = lags.map((some) => some.map((lag) => lagState(lag, { caughtUpMax, normalMax })));
    const [caughtUp = [], normal = [], lagging = []] = lags;
    expect(states).toEqual([
      caughtUp.map(() => 'caught up'),
      normal.map(() => 'normal'),
      lagging.map(() => 'lagging'),
    ]);
  },
);
