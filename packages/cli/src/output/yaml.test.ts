import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderYaml } from './yaml.ts';

describe('renderYaml', () => {
  it('prints nested lists and objects as blocks', () => {
    const value = {
      name: 'orders',
      partitions: 3,
      config: {},
      holder: undefined,
      isNew: true,
      parts: [
        { at: 0, tags: ['x', []] },
        { at: 1, tags: [] },
      ],
    };
    expect(renderYaml(value)).toBe(
      [
        'name: orders',
        'partitions: 3',
        'config: {}',
        'holder: null',
        'isNew: true',
        'parts:',
        '  - at: 0',
        '    tags:',
        '      - x',
        '      - []',
        '  - at: 1',
        '    tags: []',
        '',
      ].join('\n'),
    );
  });

  it('begins a list in a list beside its dash', () => {
    expect(renderYaml([[1, 2], [{ a: 1 }]])).toBe('- - 1\n  - 2\n- - a: 1\n');
  });

  it.each(['null', 'True', 'no', 'Y', '~', '1', '1.5', '0x10', '1e3', '-', '', ' a', 'a: b', '#a'])(
    'quotes the text %j, which a reader would take for something else',
    (text) => {
      expect(renderYaml(text)).toBe(`${JSON.stringify(text)}\n`);
    },
  );

  it('escapes what YAML does not print', () => {
    expect(renderYaml('a\u009b\u007f\u2028\n')).toBe('"a\\u009b\\u007f\\u2028\\n"\n');
  });

  it('keeps every text on one line, plain or as a JSON string of the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = renderYaml(text).slice(0, -1);
        expect(line).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
        expect(line.startsWith('"') ? JSON.parse(line) : line).toBe(text);
      }),
    );
  });
});
