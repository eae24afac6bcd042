import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ApiKeys, newApiKey } from './api-keys.ts';

const hmacKey = randomBytes(32).toString('base64url');
const of = { name: 'ci', scopes: ['topics:read'], expiresAt: null } as const;

/** Calls of one kind between two looks at the clock: one alone is too short for it. */
const CALLS = 100;
const ROUNDS = 200;
const NOW_MS = 1_800_000_000_000;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

test('B-17: a wrong token takes as long as any other, however much of it is right', () => {
  const known = newApiKey(hmacKey, of);
  const stranger = newApiKey(hmacKey, of);
  const expired = newApiKey(hmacKey, { ...of, expiresAt: '2020-01-01T00:00:00Z' });
  const keys = new ApiKeys(JSON.stringify({ hmacKey, keys: [known.entry, expired.entry] }));
  const secret = stranger.key.slice(-43);
  const tokens = [
    `${known.key.slice(0, -43)}${secret}`,
    stranger.key,
    expired.key,
    ...['garbage', ''],
  ];
  const times = tokens.map((): number[] => []);
  // In turn, so that whatever else the machine does meets all of them alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, token] of tokens.entries()) {
      const startMs = performance.now();
      for (let call = 0; call < CALLS; call++) keys.principal(token, NOW_MS);
      times[index]!.push(performance.now() - startMs);
    }
  }
  const [rightId = 0, ...others] = times.map(median);
  for (const other of others) {
    expect(rightId / other).toBeGreaterThan(0.5);
    expect(rightId / other).toBeLessThan(2);
  }
  for (const token of tokens) expect(keys.principal(token, NOW_MS)).toBeUndefined();
  expect(keys.principal(known.key, NOW_MS)?.name).toBe('ci');
});
