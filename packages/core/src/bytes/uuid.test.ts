import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topicId } from '../ids.ts';
import { thrownBy } from '../testing/batches.test-support.ts';
import { topicIdFromBytes, topicIdToBytes, writeTopicId } from './uuid.ts';

test('a topic id is its 16 bytes in the order of its text', () => {
  const id = topicId('00112233-4455-6677-8899-aabbccddeeff');
  const bytes = topicIdToBytes(id);
  expect([...bytes]).toEqual(Array.from({ length: 16 }, (_, index) => index * 0x11));
  expect(topicIdFromBytes(bytes)).toBe(id);
});

test('every topic id comes back, also from within other bytes', () => {
  fc.assert(
    fc.property(fc.uuid(), (text) => {
      const bytes = new Uint8Array(20);
      writeTopicId(bytes, 3, topicId(text));
      expect(topicIdFromBytes(bytes, 3)).toBe(text);
      expect([bytes[2], bytes[19]]).toEqual([0, 0]);
    }),
  );
});

test('fewer than 16 bytes are refused', () => {
  const error = thrownBy(() => topicIdFromBytes(new Uint8Array(16), 1));
  expect([error.kind, error.reason]).toEqual(['invalid', 'TOPIC_ID']);
});
