/** WAL objects and the names that they are stored under. */
import assert from 'node:assert/strict';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { ByteWriter } from '@streamhouse/core/bytes/byte-writer.ts';
import { writeInt32 } from '@streamhouse/core/bytes/fixed.ts';
import { partitionIndex } from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  decodeFooter,
  footerBytes,
  footerTailBytes,
  TRAILER_BYTES,
  writeFooter,
} from '@streamhouse/core/object/object-footer.ts';
import { objectKey, parseObjectKey } from '@streamhouse/core/object/object-key.ts';
import { encodeObject } from '@streamhouse/core/object/wal-object.ts';
import { decodeBatches } from '@streamhouse/core/record/decode.ts';
import { CODECS } from '@streamhouse/core/testing/batches.test-support.ts';
import { batchFrom, runOf, TOPIC_B } from '@streamhouse/core/testing/runs.test-support.ts';
import { checkKey, checkPrefix, checkRange } from '@streamhouse/store/objects/key.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';

const ROOT = { prefix: 'logs/', cluster: 'main' };

function objectSeeds(): readonly Seed[] {
  const one = runOf([batchFrom(2, 0), batchFrom(1, 2)]);
  const others = [
    runOf([batchFrom(1)], { partition: partitionIndex(4) }),
    runOf([batchFrom(1, 5, 9), batchFrom(3, 6, 9)], { topicId: TOPIC_B }),
  ];
  return [
    { name: 'one-run', bytes: encodeObject([one], crc32c).bytes },
    { name: 'three-runs', bytes: encodeObject([one, ...others], crc32c).bytes },
    { name: 'no-run', bytes: encodeObject([], crc32c).bytes },
  ];
}

/** The object with the CRC over its footer that fits, where its trailer says that there is one. */
function sealedObject(object: Uint8Array): Uint8Array {
  const bytes = decoded(() => footerTailBytes(object, object.length));
  if (bytes === undefined || bytes > object.length || bytes < TRAILER_BYTES) return object;
  const copy = Uint8Array.from(object);
  const covered = copy.subarray(copy.length - bytes, copy.length - 4);
  writeInt32(copy, copy.length - 4, crc32c(covered));
  return copy;
}

function checkObject(input: Uint8Array): void {
  for (const object of [input, sealedObject(input)]) {
    const runs = decoded(() => decodeFooter(object, object.length, crc32c));
    if (runs === undefined) continue;
    const writer = new ByteWriter(footerBytes(runs), footerBytes(runs));
    writeFooter(writer, runs, crc32c);
    const footer = object.subarray(object.length - writer.bytes.length);
    assert(Buffer.from(footer).equals(writer.bytes), 'another footer is written');
    for (const { position, length } of runs) {
      assert(position + length <= object.length);
      const run = object.subarray(position, position + length);
      decoded(() => decodeBatches(run, CODECS));
    }
  }
}

function keySeeds(): readonly Seed[] {
  const names = [
    { incarnation: 7, sequence: 0, attempt: 0 },
    { incarnation: 9_007_199_254_740_991, sequence: 1_234_567, attempt: 9_999 },
  ];
  const keys = names.map((name) =>
    objectKey({ ...ROOT, ...name } as Parameters<typeof objectKey>[0]),
  );
  return [...keys, 'a/../b', '../x', 'a//b', '/a', 'a/.b', `${'x'.repeat(201)}/y`].map(
    (key, index) => ({ name: `key-${index}`, bytes: Buffer.from(key) }),
  );
}

function checkKeys(input: Uint8Array): void {
  const key = Buffer.from(input).toString();
  const name = parseObjectKey(key, ROOT);
  if (name !== undefined) assert.equal(objectKey({ ...ROOT, ...name }), key);
  for (const check of [checkKey, checkPrefix]) {
    const isAccepted = decoded(() => (check(key), true)) ?? false;
    if (!isAccepted || key === '') continue;
    assert(key.length <= LIMITS.objectKeyCharsMax + 1);
    assert.match(key, /^[\w.=/-]+$/);
    for (const segment of key.split('/')) assert(!segment.startsWith('.'));
  }
}

/** Two float64: what arithmetic can make of a range. */
function checkRanges(input: Uint8Array): void {
  if (input.length < 16) return;
  const view = Buffer.from(input);
  const [position, length] = [view.readDoubleBE(0), view.readDoubleBE(8)];
  const isAccepted = decoded(() => (checkRange({ position, length }), true)) ?? false;
  if (!isAccepted) return;
  assert(position >= 0 && length >= 0 && length <= LIMITS.objectBytesMax);
  assert(Number.isSafeInteger(position + length));
}

function rangeSeeds(): readonly Seed[] {
  const ranges = [
    [0, 0],
    [0, LIMITS.objectBytesMax],
    [Number.MAX_SAFE_INTEGER, 1],
    [-1, 0.5],
    [Number.NaN, Number.POSITIVE_INFINITY],
  ];
  return ranges.map(([position = 0, length = 0], index) => {
    const bytes = Buffer.alloc(16);
    bytes.writeDoubleBE(position, 0);
    bytes.writeDoubleBE(length, 8);
    return { name: `range-${index}`, bytes };
  });
}

export const OBJECT_DECODERS: readonly Decoder[] = [
  { name: 'wal-object', seeds: objectSeeds, check: checkObject },
  { name: 'object-key', seeds: keySeeds, check: checkKeys },
  { name: 'byte-range', seeds: rangeSeeds, check: checkRanges },
];
