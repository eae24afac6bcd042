import { ArrowDown, ArrowRight, ArrowUp } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

/** Looks over which a trend is told. */
const LOOKS = 4;

interface LagTrendProps {
  readonly lag: number;
  /** When it was looked at. */
  readonly atMs: number;
}

/** Whether a lag grows or shrinks, from what was seen while the page is open; nothing before there are two looks. */
export function LagTrend({ lag, atMs }: LagTrendProps) {
  const seen = useRef<readonly { readonly atMs: number; readonly lag: number }[]>([]);
  const [perSecond, setPerSecond] = useState<number>();
  useEffect(() => {
    seen.current = [...seen.current, { atMs, lag }].slice(-LOOKS);
    const first = seen.current[0];
    const seconds = first === undefined ? 0 : (atMs - first.atMs) / 1_000;
    if (first !== undefined && seconds >= 1) setPerSecond((lag - first.lag) / seconds);
  }, [lag, atMs]);
  if (perSecond === undefined) return null;
  const [Icon, word] =
    perSecond > 0
      ? ([ArrowUp, 'rising'] as const)
      : perSecond < 0
        ? ([ArrowDown, 'falling'] as const)
        : ([ArrowRight, 'steady'] as const);
  return (
    <span className="inline-flex items-center gap-0.5 text-xs text-muted">
      <Icon size={12} aria-hidden />
      {word}
    </span>
  );
}
