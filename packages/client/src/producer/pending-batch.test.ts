import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { RecordBatchBuilder } from '@streamhouse/core/record/batch-builder.ts';
import { decodeBatch } from '@streamhouse/core/record/decode.ts';
import { expect, test } from 'vitest';
import { BatchCall } from './batch-call.ts';
import { PendingBatch } from './pending-batch.ts';

const ENCODING = { compression: 'lz4', port: nativeCompression, crc32c } as const;

const open = () =>
  new PendingBatch({ topic: 'orders', partition: 3 }, new RecordBatchBuilder(), 10, 100);

test('each record learns its own place, whether it was sent alone or with others', async () => {
  const batch = open();
  const call = new BatchCall(2);
  batch.add(null, 'a', [], 11);
  batch.share(call, 1);
  batch.add(null, 'b', [], 12);
  const alone = batch.promise();
  batch.add(null, 'c', [], 13);
  batch.share(call, 0);
  batch.seal(ENCODING);
  const records = decodeBatch(batch.bytes, 0, ENCODING);
  expect(records.map(({ value }) => Buffer.from(value!).toString())).toEqual(['a', 'b', 'c']);
  batch.settle(100);
  const place = { topic: 'orders', partition: 3 };
  expect(await alone).toEqual({ ...place, offset: 101, timestampMs: 12 });
  expect(await call.promise).toEqual([
    { ...place, offset: 102, timestampMs: 13 },
    { ...place, offset: 100, timestampMs: 11 },
  ]);
});

test('when it fails, everyone who waits is told the same', async () => {
  const batch = open();
  const call = new BatchCall(1);
  const error = new StreamError('unavailable', 'DELIVERY_TIMEOUT', 'late');
  batch.add(null, 'a', [], 11);
  const first = batch.promise();
  batch.add(null, 'b', [], 11);
  const second = batch.promise();
  batch.add(null, 'c', [], 11);
  batch.share(call, 0);
  const settled = batch.settled();
  batch.fail(error);
  for (const promise of [first, second, call.promise]) await expect(promise).rejects.toBe(error);
  await settled;
});

test('its size is what its records have added, so that the buffer gets back what was taken', () => {
  const batch = open();
  let takenBytes = 0;
  for (let count = 0; count < 10; count++) takenBytes += batch.add('key', 'x'.repeat(count), [], 1);
  expect(batch.sizeBytes).toBe(takenBytes);
});
