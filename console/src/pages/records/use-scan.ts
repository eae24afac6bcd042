import { useCallback, useEffect, useRef, useState } from 'react';
import { fieldErrorsOf } from '../../queries/api.ts';
import {
  type RecordsStart,
  type ScanCriteria,
  type ScanProgress,
  scan,
  UNSCANNED,
} from '../../queries/records.ts';

export interface Scan {
  readonly state: 'idle' | 'running' | 'done' | 'failed';
  readonly progress: ScanProgress;
  /** What is wrong with what is looked for, by its name; under `` what went wrong else. */
  readonly faults: ReadonlyMap<string, string>;
}

const IDLE: Scan = { state: 'idle', progress: UNSCANNED, faults: new Map() };

/** A search that can be stopped; it stops by itself when the page goes. */
export function useScan(): {
  readonly result: Scan;
  readonly start: (from: RecordsStart, criteria: ScanCriteria) => void;
  readonly cancel: () => void;
  readonly clear: () => void;
} {
  const [result, setResult] = useState(IDLE);
  const running = useRef<AbortController>(undefined);
  const cancel = useCallback(() => running.current?.abort(), []);
  useEffect(() => cancel, [cancel]);
  const start = useCallback((from: RecordsStart, criteria: ScanCriteria) => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    // One that was given up says nothing any more of the one that took its place.
    const change = (part: Partial<Scan>): void =>
      setResult((before) => (running.current?.signal === signal ? { ...before, ...part } : before));
    setResult({ ...IDLE, state: 'running' });
    scan(from, criteria, (progress) => change({ progress }), signal).then(
      () => change({ state: 'done' }),
      (error: unknown) =>
        change(
          signal.aborted
            ? { state: 'done' }
            : { state: 'failed', faults: fieldErrorsOf(error, ['text', 'filter']) },
        ),
    );
  }, []);
  const clear = useCallback(() => {
    running.current?.abort();
    running.current = undefined;
    setResult(IDLE);
  }, []);
  return { result, start, cancel, clear };
}
