import { expect, test } from 'vitest';
import { VirtualClock } from '../kube/testing/virtual-clock.test-support.ts';
import { RateLimit } from './rate-limit.ts';
import { WindowCounts } from './window-counts.ts';

test('a window begins with the first time and is over for all that came in it at once', async () => {
  const clock = new VirtualClock();
  const counts = new WindowCounts(clock, 1_000);
  expect(counts.of('a')).toEqual({ count: 0, leftMs: 1_000 });
  expect(counts.add('a')).toEqual({ count: 1, leftMs: 1_000 });
  await clock.pass(999);
  expect(counts.add('a')).toEqual({ count: 2, leftMs: 1 });
  expect(counts.of('b').count).toBe(0);
  await clock.pass(1);
  expect(counts.add('a')).toEqual({ count: 1, leftMs: 1_000 });
});

test('of more keys than are counted the one counted for longest is forgotten', () => {
  const counts = new WindowCounts(new VirtualClock(), 1_000);
  for (let key = 0; key <= 10_000; key++) counts.add(String(key));
  expect([counts.of('0').count, counts.of('1').count, counts.of('10000').count]).toEqual([0, 1, 1]);
});

test('a caller is told how many requests are left, and to wait when there are none', async () => {
  const clock = new VirtualClock();
  const limit = new RateLimit(2, clock);
  expect(limit.count('me')).toEqual({
    'ratelimit-policy': '2;w=60',
    ratelimit: 'limit=2, remaining=1, reset=60',
  });
  await clock.pass(20_500);
  expect(limit.count('me')).toMatchObject({ ratelimit: 'limit=2, remaining=0, reset=40' });
  expect(() => limit.count('me')).toThrow(
    expect.objectContaining({ reason: 'RATE_LIMITED', retryAfterMs: 39_500 }),
  );
  expect(limit.count('another')).toMatchObject({ ratelimit: 'limit=2, remaining=1, reset=60' });
});
