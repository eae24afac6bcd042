import { PAGE_LIMIT_DEFAULT, type PageQuery } from '@streamhouse/api/rest/schema.ts';
import type { z } from 'zod';
import type { Reply } from './handler.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

/** A list by pages: what stands in a cursor, and of which list. */
export interface Listing<T, Place> {
  /** The list with all that decides its order and entries. */
  readonly list: readonly unknown[];
  readonly place: z.ZodType<Place>;
  readonly placeOf: (item: T) => Place;
}

export interface PlaceInList<Place> {
  readonly limit: number;
  readonly after: Place | undefined;
}

/** @throws InvalidRequest for a cursor of another list. */
export function placeIn<T, Place>(
  { list, place }: Listing<T, Place>,
  query: PageQuery,
): PlaceInList<Place> {
  return {
    limit: query.limit ?? PAGE_LIMIT_DEFAULT,
    after: decodeCursor(list, query.cursor, place),
  };
}

/** @param items of this page, of `total` in all. */
export function pageReply<T, Place, Shown>(
  { list, placeOf }: Listing<T, Place>,
  { limit }: PlaceInList<Place>,
  items: readonly T[],
  total: number,
  show: (item: T) => Shown,
): Reply<readonly Shown[]> {
  const last = items.at(-1);
  const hasMore = last !== undefined && items.length === limit;
  const next = hasMore ? encodeCursor(list, placeOf(last)) : undefined;
  return { body: items.map(show), page: { next, total } };
}
