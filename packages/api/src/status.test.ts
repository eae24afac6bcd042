import { StreamError } from '@streamhouse/core/errors.ts';
import { expect, test } from 'vitest';
import { decodeStatus, encodeStatusDetails } from './status.ts';

const RESOURCE_EXHAUSTED = 8;

test('an error comes back as it was sent', () => {
  const sent = new StreamError('overloaded', 'BUSY', 'wait', {
    retryAfterMs: 50,
    details: { limit: '7' },
  });
  const got = decodeStatus(RESOURCE_EXHAUSTED, 'wait', encodeStatusDetails(sent), undefined);
  expect(got).toMatchObject({
    kind: 'overloaded',
    reason: 'BUSY',
    message: 'wait',
    retryAfterMs: 50,
    details: { limit: '7' },
  });
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
  'a wait of %d milliseconds is none: a client would retry without a pause, or never',
  (retryAfterMs) => {
    const sent = new StreamError('overloaded', 'BUSY', 'wait', { retryAfterMs });
    const got = decodeStatus(RESOURCE_EXHAUSTED, 'wait', encodeStatusDetails(sent), undefined);
    expect(got.retryAfterMs).toBeUndefined();
  },
);

test('details that are not ours leave the status code to say what it was', () => {
  const got = decodeStatus(RESOURCE_EXHAUSTED, 'told', Uint8Array.of(0x0a, 0xff), undefined);
  expect([got.kind, got.reason]).toEqual(['overloaded', 'GRPC_8']);
});
