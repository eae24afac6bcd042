import { useLocation, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useVerdict } from '../queries/verdict.ts';
import { PLACES } from './places.ts';

/** The tab says which page it is, and before it the worst that there is. */
export function useTabTitle(): void {
  const { pathname } = useLocation();
  const { name, id } = useParams({ strict: false });
  const { tone } = useVerdict();
  useEffect(() => {
    const place = PLACES.find(({ to }) => pathname.startsWith(to))?.title ?? 'Dashboard';
    const mark = tone === 'bad' ? '✖ ' : tone === 'warn' ? '▲ ' : '';
    document.title = `${mark}${name ?? id ?? place} · StreamHouse`;
  }, [pathname, name, id, tone]);
}
