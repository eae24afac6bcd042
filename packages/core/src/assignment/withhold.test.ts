import { describe, expect, it } from 'vitest';
import { parsePartition, printed } from './assignor.test-support.ts';
import { withholdMoving } from './withhold.ts';

function target(partitions: Record<string, readonly string[]>) {
  return new Map(Object.entries(partitions).map(([id, own]) => [id, own.map(parsePartition)]));
}

describe('withholdMoving', () => {
  it('gives to nobody what another member owns', () => {
    const owners = new Map([
      ['t/0', 'a'],
      ['t/1', 'a'],
    ]);
    const { assigned, withheld } = withholdMoving(
      target({ a: ['t/0'], b: ['t/1', 't/2'] }),
      owners,
    );
    expect(printed(assigned)).toEqual({ a: ['t/0'], b: ['t/2'] });
    expect(withheld).toEqual([{ topic: 't', partition: 1 }]);
  });

  it('leaves a member without partitions in the assignment', () => {
    const { assigned } = withholdMoving(target({ a: [], b: ['t/0'] }), new Map([['t/0', 'a']]));
    expect(printed(assigned)).toEqual({ a: [], b: [] });
  });

  it('refuses a target that gives a partition twice, also when it is withheld', () => {
    const twice = target({ a: ['t/0'], b: ['t/0'] });
    const error = expect.objectContaining({ kind: 'invalid', reason: 'ASSIGNED_TWICE' });
    expect(() => withholdMoving(twice, new Map())).toThrow(error);
    expect(() => withholdMoving(twice, new Map([['t/0', 'b']]))).toThrow(error);
  });
});
