import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function splitLines(bytes: Uint8Array, chunkBytes: number, bytesMax = 1_000): Uint8Array[] {
  const splitter = new LineSplitter(bytesMax);
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    lines.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  }
  return [...lines, ...splitter.end()];
}

describe('LineSplitter', () => {
  it('gives back the bytes of each line, whatever they are and wherever the chunks end', () => {
    const line = fc
      .uint8Array({ maxLength: 8 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x0a ? 0xff : byte))));
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, chunkBytes) => {
        const input = Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]));
        const output = splitLines(input, chunkBytes).map((each) => Buffer.from(each));
        expect(output).toEqual(lines);
      }),
    );
  });

  it('takes a last line without a line feed, and none after one', () => {
    expect(splitLines(Buffer.from('a\nb'), 10)).toHaveLength(2);
    expect(splitLines(Buffer.from('a\nb\n'), 10)).toHaveLength(2);
    expect(splitLines(Buffer.from('a\n\nb\n'), 10)).toHaveLength(3);
    expect(splitLines(Buffer.from(''), 10)).toHaveLength(0);
  });

  it('refuses a line over the bound before it is read to its end', () => {
    const splitter = new LineSplitter(10);
    expect([...splitter.push(Buffer.from('short\n123456789'))]).toHaveLength(1);
    expect(() => [...splitter.push(Buffer.from('01'))]).toThrow(/^line 2 is longer than 10 bytes/);
  });
});
