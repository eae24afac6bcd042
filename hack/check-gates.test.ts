import { describe, expect, it } from 'vitest';
import { missedPlants, unplantedRules } from './check-gates.ts';
import { GATES } from './gates.ts';

/** A gate takes about a second; a busy machine may take many times that. */
const GATE_TIMEOUT_MS = 60_000;

describe('the gates of npm run check', () => {
  it.each(GATES)(
    '$name finds every violation that is planted for it',
    async (gate) => {
      expect(await missedPlants(gate)).toEqual([]);
    },
    GATE_TIMEOUT_MS,
  );

  it('every lint rule that the configuration asks for has a violation to find', () => {
    expect(unplantedRules()).toEqual([]);
  });
});
