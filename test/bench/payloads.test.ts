import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { payloadPool } from './payloads.ts';

test.each([100, 1_024])('payloads of %d bytes have exactly that size and differ', (bytes) => {
  const pool = payloadPool(bytes, 1);
  for (const payload of pool) expect(payload.length).toBe(bytes);
  expect(new Set(pool.map((payload) => Buffer.from(payload).toString())).size).toBe(pool.length);
  const text = Buffer.from(pool[0]!).toString();
  expect(Object.keys(JSON.parse(text) as object)).toContain('user');
});

test('payloads compress as JSON of applications does, not as constants or noise do', () => {
  for (const bytes of [100, 1_024]) {
    const batch = Buffer.concat(payloadPool(bytes, 1).slice(0, 1_000));
    const ratio = batch.length / zstdCompressSync(batch).length;
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(6);
  }
});

test('the same seed makes the same payloads', () => {
  expect(payloadPool(100, 3)[17]).toEqual(payloadPool(100, 3)[17]);
  expect(payloadPool(100, 3)[17]).not.toEqual(payloadPool(100, 4)[17]);
});
