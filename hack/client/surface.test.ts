import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { clientSurface, type Declaration } from './surface.ts';

/** What a client exports that is made of these files below `packages`. */
function surfaceOf(files: Readonly<Record<string, string>>): Declaration[] {
  const root = mkdtempSync(join(tmpdir(), 'streamhouse-surface-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = join(root, 'packages', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return clientSurface(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a function has its signature and nothing of what it does', () => {
  const [found] = surfaceOf({
    'client/src/mod.ts': "export { connect } from './connect.ts';",
    'client/src/connect.ts': `
      /** Not this. */

      /**
       * Connects.
       *
       * @throws an error.
       */
      export async function connect<T>(name: string, options: Options = {}): Promise<T> {
        return undefined as T;
      }`,
  });
  expect(found).toMatchObject({
    kind: 'function',
    module: 'connect',
    docs: 'Connects.\n\n@throws an error.',
    text: 'declare function connect<T>(name: string, options?: Options): Promise<T>;',
  });
});

test('a class has its public members, with their docstrings, and no bodies', () => {
  const [found] = surfaceOf({
    'client/src/mod.ts': "export { Failure } from '@streamhouse/core/failure.ts';",
    'core/src/failure.ts': `export class Failure extends Error {
      readonly kind: string;
      readonly #secret = 1;
      constructor(kind: string) { super(); this.kind = kind; }
      /** Whether it helps. */
      get isRetriable(): boolean { return this.#secret > 0; }
    }`,
  });
  expect(found?.text).toBe(`declare class Failure extends Error {
  readonly kind: string;
  constructor(kind: string);
  /** Whether it helps. */
  readonly isRetriable: boolean;
}`);
  expect(found?.bases).toEqual(['Error']);
});

test('the type of the members of a list is the union that it is', () => {
  const [found] = surfaceOf({
    'client/src/mod.ts': "export type { Kind } from './kind.ts';",
    'client/src/kind.ts': `export const KINDS = [/** Again. */ 'retry', 'stop'] as const;
      export type Kind = (typeof KINDS)[number];`,
  });
  expect(found?.text).toBe("type Kind =\n  /** Again. */\n  | 'retry'\n  | 'stop';");
});

test('an interface has its members in order', () => {
  const [found] = surfaceOf({
    'client/src/mod.ts': "export type { Reader } from './reader.ts';",
    'client/src/reader.ts': `export interface Reader extends AsyncDisposable {
      /** Its name. */
      readonly name?: string;
      read(count: number): Promise<void>;
    }`,
  });
  expect(found?.members).toEqual([
    { name: 'name', kind: 'property', docs: 'Its name.', text: 'string', isOptional: true },
    {
      name: 'read',
      kind: 'method',
      docs: '',
      text: 'read(count: number): Promise<void>',
      isOptional: false,
    },
  ]);
});

test.each([
  ["export { gone } from './empty.ts';", 'exports no type or function gone'],
  ["export { a as b } from './empty.ts';", 'exports no type or function a'],
  ["export { z } from 'zod';", 'a public name comes from zod'],
  ['export const own = 1;', 'only names of other files are exported'],
])('%s is refused', (entry, why) => {
  const files = { 'client/src/mod.ts': entry, 'client/src/empty.ts': 'export const other = 1;' };
  expect(() => surfaceOf(files)).toThrow(why);
});
