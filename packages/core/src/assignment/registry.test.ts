import { describe, expect, it } from 'vitest';
import type { Assignor } from './assignor.ts';
import { assignorRegistry } from './registry.ts';

function named(name: string): Assignor {
  return { name, assign: () => new Map() };
}

describe('assignorRegistry', () => {
  it('has the built-in assignors, sticky first, then those of the program', () => {
    const own = named('by-zone');
    const registry = assignorRegistry([own]);
    expect([...registry.keys()]).toEqual(['sticky', 'range', 'round-robin', 'by-zone']);
    expect(registry.get('by-zone')).toBe(own);
    for (const [name, assignor] of registry) expect(assignor.name).toBe(name);
  });

  it.each(['sticky', 'mine'])('refuses a second assignor with the name %s', (name) => {
    expect(() => assignorRegistry([named('mine'), named(name)])).toThrow(
      expect.objectContaining({ kind: 'invalid', reason: 'ASSIGNOR_NAME_TAKEN' }),
    );
  });
});
