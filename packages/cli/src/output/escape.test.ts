import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayText, escapeControls, escapeControlsOfLines } from './escape.ts';

// biome-ignore lint: the class under test
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

describe('escapeControls', () => {
  it('leaves nothing that a terminal obeys, of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeControls(text)).not.toMatch(OBEYED);
        expect(displayText(Buffer.from(text))).not.toMatch(OBEYED);
      }),
    );
  });

  it('leaves nothing that a terminal obeys, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(displayText(bytes)).not.toMatch(OBEYED);
      }),
    );
  });

  it.each([
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u009b31mred', '\\u009b31mred'],
    ['a\rb\nc\td', 'a\\u000db\\u000ac\\u0009d'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['é 漢 🙂', 'é 漢 🙂'],
  ])('shows %j as %j', (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it('keeps line feeds of a text of several lines', () => {
    expect(escapeControlsOfLines('a\nb\u001b\n')).toBe('a\nb\\u001b\n');
  });

  it('shows bytes that are not UTF-8 one by one', () => {
    expect(displayText(Buffer.from([0x61, 0xff, 0x1b]))).toBe('a\\xff\\x1b');
  });
});
