import { useCallback, useEffect, useRef, useState } from 'react';
import { type RecordsStart, type ScanProgress, scan } from '../../queries/records.ts';

export interface Scan {
  readonly state: 'idle' | 'running' | 'done' | 'failed';
  readonly progress: ScanProgress;
  readonly error: unknown;
}

const IDLE: Scan = {
  state: 'idle',
  progress: { scanned: 0, found: [], nextOffset: 0, isAtEnd: false },
  error: undefined,
};

/** A search that can be stopped; it stops by itself when the page goes. */
export function useScan(): {
  readonly result: Scan;
  readonly start: (from: RecordsStart, text: string) => void;
  readonly cancel: () => void;
  readonly clear: () => void;
} {
  const [result, setResult] = useState(IDLE);
  const running = useRef<AbortController>(undefined);
  const cancel = useCallback(() => running.current?.abort(), []);
  useEffect(() => cancel, [cancel]);
  const start = useCallback((from: RecordsStart, text: string) => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    setResult({ ...IDLE, state: 'running' });
    const onProgress = (progress: ScanProgress): void =>
      setResult((before) => ({ ...before, progress }));
    scan(from, text, onProgress, signal).then(
      () => setResult((before) => ({ ...before, state: 'done' })),
      (error: unknown) =>
        setResult((before) =>
          signal.aborted ? { ...before, state: 'done' } : { ...before, state: 'failed', error },
        ),
    );
  }, []);
  const clear = useCallback(() => {
    running.current?.abort();
    setResult(IDLE);
  }, []);
  return { result, start, cancel, clear };
}
