import { StreamError } from '@streamhouse/core/errors.ts';
import { expect, test } from 'vitest';
import { BatchCall } from './batch-call.ts';

const metadata = (offset: number) => ({ topic: 't', partition: 0, offset, timestampMs: 1 });
const overloaded = new StreamError('overloaded', 'BUFFER_FULL', 'full');
const indefinite = new StreamError('indefinite', 'OUTCOME_UNKNOWN', 'lost');

test('resolves in the order of the call, whatever came first', async () => {
  const call = new BatchCall(2);
  call.acknowledge(1, metadata(5));
  call.acknowledge(0, metadata(9));
  expect(await call.promise).toEqual([metadata(9), metadata(5)]);
});

test('a call of nothing resolves at once', async () => {
  expect(await new BatchCall(0).promise).toEqual([]);
});

test('when all fail it rejects with the error, and an unknown outcome is not hidden', async () => {
  const definite = new BatchCall(2);
  definite.fail(2, overloaded);
  await expect(definite.promise).rejects.toBe(overloaded);
  const unknown = new BatchCall(3);
  unknown.fail(1, overloaded);
  unknown.fail(1, indefinite);
  unknown.fail(1, overloaded);
  await expect(unknown.promise).rejects.toBe(indefinite);
});

test('I-11: when some are written it is not reported as failed', async () => {
  const call = new BatchCall(3);
  call.fail(2, overloaded);
  call.acknowledge(0, metadata(0));
  await expect(call.promise).rejects.toMatchObject({
    kind: 'indefinite',
    reason: 'PARTIAL',
    details: { acknowledged: '1', failed: '2' },
    cause: overloaded,
  });
});
