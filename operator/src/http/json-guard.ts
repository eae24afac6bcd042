/**
 * What JSON.parse lets pass and a server should not: nesting that exhausts a stack later, objects with countless keys, keys that
 * reach a prototype, and a key that stands twice, of which two parsers may see different ones.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';

const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** The keys of an open object; undefined for an array. */
type Level = Set<string> | undefined;

const COLON = /[ \t\r\n]*:/y;

/** @param text that JSON.parse takes. @throws StreamError `invalid` JSON_REFUSED. */
export function guardJson(text: string): void {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      levels.push(character === '{' ? new Set() : undefined);
      if (levels.length > LIMITS.apiJsonDepthMax)
        throw refused(`is nested deeper than ${LIMITS.apiJsonDepthMax}`);
    } else if (character === '}' || character === ']') {
      levels.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = levels.at(-1);
      COLON.lastIndex = end + 1;
      if (keys !== undefined && COLON.test(text))
        addKey(keys, JSON.parse(text.slice(at, end + 1)) as string);
      at = end;
    }
  }
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

function addKey(keys: Set<string>, key: string): void {
  if (REFUSED_KEYS.has(key)) throw refused(`has the key "${key}"`);
  if (keys.has(key)) throw refused(`has the key "${key.slice(0, 64)}" twice in one object`);
  keys.add(key);
  if (keys.size > LIMITS.apiObjectKeysMax)
    throw refused(`has an object with more than ${LIMITS.apiObjectKeysMax} keys`);
}

function refused(why: string): StreamError {
  return new StreamError('invalid', 'JSON_REFUSED', `the body ${why}`);
}
