import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Asked } from '../ui/panel.tsx';
import type { Page } from './api.ts';

export interface Rows<T> {
  readonly rows: readonly T[];
  /** Of the whole list, also of what is not fetched. */
  readonly total: number;
}

/** All pages of a list so far as one, and how to go on. */
export function useRows<T>(query: UseInfiniteQueryResult<InfiniteData<Page<T>>>): {
  readonly asked: Asked<Rows<T>>;
  readonly fetchMore: () => void;
} {
  const { data, hasNextPage, isFetching, fetchNextPage } = query;
  const rows = useMemo(
    () =>
      data && {
        rows: data.pages.flatMap(({ items }) => items),
        total: data.pages[0]?.total ?? 0,
      },
    [data],
  );
  const fetchMore = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return { asked: { ...query, data: rows }, fetchMore };
}
