import { ROUTES } from '@streamhouse/api/rest/routes.ts';
import { expect, test } from 'vitest';
import { RouteTable } from './route-table.ts';

const table = new RouteTable<string>();
const keys = Object.keys(ROUTES);
for (const key of keys) {
  const [method = '', template = ''] = key.split(' ');
  table.add(method, template, key);
}

test('every route is found by its method and path, with its parameters', () => {
  for (const key of keys) {
    const [method = '', template = ''] = key.split(' ');
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const found = table.find(template.replaceAll(/\{(\w+)\}/g, '%7B$1%20'));
    expect(found?.methods.get(method)).toBe(key);
    expect(found?.parameters).toEqual(Object.fromEntries(names.map((name) => [name, `{${name} `])));
  }
});

test.each([
  ...[
    '/',
    '',
    '/api/v1',
    '/api/v1/topics/',
    '/api/v1//topics',
    '//api/v1/topics',
    '/API/v1/topics',
  ],
  ...['/api/v1/topics//partitions', '/api/v1/topics/a/b', '/api/v1/topics/a/partitions/1/x'],
  ...['/__proto__', '/api/v1/constructor'],
])('there is nothing at %j', (path) => {
  expect(table.find(path)).toBeUndefined();
});

test('a parameter that is no UTF-8 is refused', () => {
  expect(() => table.find('/api/v1/topics/%E0%A4%A')).toThrow(URIError);
});

test('a name goes before a parameter in the same place', () => {
  const own = new RouteTable<string>();
  own.add('GET', '/groups/{id}', 'any');
  own.add('GET', '/groups/first', 'first');
  expect(own.find('/groups/first')?.methods.get('GET')).toBe('first');
  expect(own.find('/groups/other')?.parameters).toEqual({ id: 'other' });
});
