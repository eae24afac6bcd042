import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonArraySplitter, JsonSplitter } from './json-splitter.ts';
import { InputError, type Splitter } from './splitter.ts';

const BYTES_MAX = 1_000;

/** What comes out of a text that arrives in chunks of these lengths, over and over. */
function split(
  splitter: Splitter,
  text: string,
  chunkBytes: readonly number[] = [65_536],
): string[] {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = chunkBytes[turn % chunkBytes.length]!;
    for (const part of splitter.push(bytes.subarray(at, at + length))) {
      parts.push(Buffer.from(part).toString());
    }
    at += length;
  }
  for (const part of splitter.end()) parts.push(Buffer.from(part).toString());
  return parts;
}

function splitArray(text: string, chunkBytes?: readonly number[]): string[] {
  return split(new JsonArraySplitter(BYTES_MAX), text, chunkBytes);
}

function parseOrUndefined(parse: () => unknown[]): unknown[] | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

const chunks = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

describe('JsonArraySplitter', () => {
  it('cuts any array into what JSON.parse gives, wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.constantFrom(undefined, 1, '\t'),
        space,
        chunks,
        (array, indent, margin, chunkBytes) => {
          const text = margin + JSON.stringify(array, null, indent) + margin;
          const splitter = new JsonArraySplitter(Number.MAX_SAFE_INTEGER);
          const parts = split(splitter, text, chunkBytes);
          expect(parts.map((part) => JSON.parse(part))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('takes, with a parser for each element, exactly the arrays that JSON.parse takes', () => {
    const token = fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', ' ', '1', '"a"', 'null');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), chunks, (tokens, chunkBytes) => {
        const text = `[${tokens.join('')}`;
        const whole = parseOrUndefined(() => JSON.parse(text) as unknown[]);
        const byParts = parseOrUndefined(() =>
          splitArray(text, chunkBytes).map((part) => JSON.parse(part)),
        );
        expect(byParts).toEqual(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the text of an element as it stands, without the space around it', () => {
    expect(splitArray('[ {"time":0.0, "n":12345678901234567890} ,\n"a,]\\"" ]')).toEqual([
      '{"time":0.0, "n":12345678901234567890}',
      '"a,]\\""',
    ]);
  });

  it('needs no room for the space between elements', () => {
    expect(splitArray(`[${' '.repeat(5_000)}1,${'\n'.repeat(5_000)}2]`, [64])).toEqual(['1', '2']);
  });

  it('refuses an element over the bound and names it', () => {
    const text = `[1,\n"${'x'.repeat(BYTES_MAX)}"]`;
    expect(() => splitArray(text, [64])).toThrow(/^element 2 \(line 2\) is longer than 1000 bytes/);
  });

  it('says where an array that is not closed ends', () => {
    expect(() => splitArray('[1,2,\n')).toThrow(/not closed: .* after element 2 \(line 2\)/);
  });

  it('says what stands behind the array', () => {
    expect(() => splitArray('[1]\n[2]')).toThrow(
      /^"\[" after the end of the JSON array \(line 2\)/,
    );
  });

  it('yields what is before a fault', () => {
    const seen: string[] = [];
    expect(() => {
      for (const part of new JsonArraySplitter(BYTES_MAX).push(Buffer.from('[1,2}'))) {
        seen.push(Buffer.from(part).toString());
      }
    }).toThrow(InputError);
    expect(seen).toEqual(['1']);
  });
});

describe('JsonSplitter', () => {
  it('takes an array when the first character is a bracket, whatever space is before it', () => {
    const text = '\n \n[1,\n2]\n';
    for (const chunkBytes of [[1], [2], [100]]) {
      expect(split(new JsonSplitter(BYTES_MAX, false), text, chunkBytes)).toEqual(['1', '2']);
    }
  });

  it('takes lines otherwise, passes blank ones over and counts them', () => {
    const splitter = new JsonSplitter(BYTES_MAX, false);
    expect(split(splitter, '\n{"a":1}\r\n \n[2]', [3])).toEqual(['{"a":1}\r', '[2]']);
    expect(splitter.place()).toBe('line 4');
  });

  it('takes lines that are arrays when it is told to', () => {
    expect(split(new JsonSplitter(BYTES_MAX, true), '[1]\n[2]\n')).toEqual(['[1]', '[2]']);
  });

  it('counts the lines before an array', () => {
    const splitter = new JsonSplitter(BYTES_MAX, false);
    split(splitter, '\n\n[\n1]', [1]);
    expect(splitter.place()).toBe('element 1 (line 4)');
  });

  it('passes a byte order mark over where the input begins, and nowhere else', () => {
    for (const chunkBytes of [[1], [2], [3], [100]]) {
      const splitter = new JsonSplitter(BYTES_MAX, false);
      expect(split(splitter, '\ufeff[1]', chunkBytes)).toEqual(['1']);
    }
    // U+FEC0 begins with the same two bytes.
    expect(split(new JsonSplitter(BYTES_MAX, false), '\ufec0[1]', [1])).toEqual(['\ufec0[1]']);
    expect(split(new JsonSplitter(BYTES_MAX, false), '\ufefe', [1])).toEqual(['\ufefe']);
    expect(split(new JsonSplitter(BYTES_MAX, false), '1\n\ufeff2', [2, 9])).toEqual([
      '1',
      '\ufeff2',
    ]);
  });

  it('finds nothing in an empty input', () => {
    expect(split(new JsonSplitter(BYTES_MAX, false), '')).toEqual([]);
    expect(split(new JsonSplitter(BYTES_MAX, false), ' \n ')).toEqual([]);
  });
});
