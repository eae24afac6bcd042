/** Cursors of lists: opaque, bound to the list and its filters, and the same on every replica. */
import { hash } from 'node:crypto';
import type { z } from 'zod';
import { InvalidRequest } from './problem.ts';

const CHECK_CHARS = 16;

/**
 * The place after which the next page begins.
 *
 * @param list what the cursor is for: the list with all that decides its order and its entries.
 */
export function encodeCursor(list: readonly unknown[], place: unknown): string {
  const text = Buffer.from(JSON.stringify(place)).toString('base64url');
  return `${checkOf(list, text)}${text}`;
}

/** @throws InvalidRequest for a cursor that was not given for this list, or was changed. */
export function decodeCursor<T>(
  list: readonly unknown[],
  cursor: string | undefined,
  schema: z.ZodType<T>,
): T | undefined {
  if (cursor === undefined) return undefined;
  const text = cursor.slice(CHECK_CHARS);
  if (checkOf(list, text) === cursor.slice(0, CHECK_CHARS)) {
    const place = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    if (place.success) return place.data;
  }
  const message = 'is not one that this list gave: begin with the first page';
  throw new InvalidRequest([{ path: 'query.cursor', message }]);
}

/** No secret: it tells a mistake from a cursor, and a cursor can only lead to where its bearer may read anyway. */
function checkOf(list: readonly unknown[], text: string): string {
  return hash('sha256', JSON.stringify([list, text]), 'base64url').slice(0, CHECK_CHARS);
}
