import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodedBytes, encodedText } from './record-text.ts';

test('bytes come back as they were, and UTF-8 stays readable', () => {
  const utf8 = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text, 'utf8'));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), utf8), (bytes) => {
      const { text, encoding } = encodedText(bytes);
      expect(decodedBytes(text, encoding, 'value')).toEqual(Buffer.from(bytes));
    }),
  );
  expect(encodedText(Buffer.from('\ufeffgrün'))).toEqual({ text: '\ufeffgrün', encoding: 'utf8' });
  expect(encodedText(Uint8Array.of(0xff))).toEqual({ text: '/w==', encoding: 'base64' });
  expect(encodedText(null)).toEqual({ text: null, encoding: 'utf8' });
});

test.each([
  ['\ud800', 'utf8'],
  ['a', 'base64'],
  ['ab=c', 'base64'],
  ['a_-b', 'base64'],
  ['YQ', 'base64'],
] as const)('%j as %s is refused, naming the field', (text, encoding) => {
  expect(() => decodedBytes(text, encoding, 'body.value')).toThrow(/^body.value: must be/);
});
