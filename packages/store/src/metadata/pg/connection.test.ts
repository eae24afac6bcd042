import { describe, expect, test } from 'vitest';
import { clientConfig, placeOf } from './connection.ts';

const INT8_OID = 20;
const INT8_ARRAY_OID = 1016;

function parse(oid: number, text: string): unknown {
  const { types } = clientConfig({ url: 'postgres://host/db', applicationName: 'test' });
  return types!.getTypeParser(oid, 'text')(text);
}

describe('an int8', () => {
  test('is read as a number', () => {
    expect(parse(INT8_OID, '-1')).toBe(-1);
    expect(parse(INT8_OID, '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parse(INT8_ARRAY_OID, '{1,2}')).toEqual([1, 2]);
    expect(parse(INT8_ARRAY_OID, '{}')).toEqual([]);
  });

  test('past 2^53 is refused, never rounded', () => {
    expect(() => parse(INT8_OID, '9007199254740993')).toThrow('past 2^53');
    expect(() => parse(INT8_ARRAY_OID, '{1,9007199254740993}')).toThrow('past 2^53');
  });
});

describe('the place of a server', () => {
  test.each([
    ['postgres://user:secret@db.example:6000/x', 'db.example:6000'],
    ['postgresql://db.example/x', 'db.example:5432'],
    ['postgres://user@%2Frun%2Fpostgresql/x', '/run/postgresql:5432'],
    ['postgres:///x?host=/run/postgresql', '/run/postgresql:5432'],
    ['postgres:///x', 'localhost:5432'],
  ])('of %s is %s', (url, place) => {
    expect(placeOf(url)).toBe(place);
  });

  test.each(['', 'db.example', 'mysql://db.example/x', 'postgres://user:secret@host:port/x'])(
    'of "%s" is refused without showing it',
    (url) => {
      expect(() => placeOf(url)).toThrow(
        'must look like postgres://user:password@host:port/database',
      );
    },
  );
});
