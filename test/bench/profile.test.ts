import { expect, test } from 'vitest';
import { type CpuProfile, selfTimes } from './profile.ts';

function frame(id: number, functionName: string, url = ''): CpuProfile['nodes'][number] {
  return { id, callFrame: { functionName, url, lineNumber: 6 } };
}

test('time counts for the function on top, over all processes, and idle time for none', () => {
  const nodes = [frame(1, '(idle)'), frame(2, 'encode', 'file:///a/codec.ts'), frame(3, '')];
  const one = { nodes, samples: [1, 2, 2, 3], timeDeltas: [9_000, 1_000, 2_000, 1_000] };
  const two = {
    nodes: [frame(7, 'encode', 'file:///a/codec.ts')],
    samples: [7],
    timeDeltas: [4_000],
  };
  expect(selfTimes([one, two])).toEqual([
    { name: 'encode codec.ts:7', milliseconds: 7, share: 7 / 8 },
    { name: '(anonymous)', milliseconds: 1, share: 1 / 8 },
  ]);
});

test('a clock that goes back takes no time away', () => {
  const nodes = [frame(1, 'run')];
  expect(selfTimes([{ nodes, samples: [1, 1], timeDeltas: [5_000, -3_000] }])).toEqual([
    { name: 'run', milliseconds: 5, share: 1 },
  ]);
});
