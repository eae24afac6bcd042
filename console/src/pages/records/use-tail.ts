import type { RecordOut } from '@streamhouse/api/rest/records.ts';
import { useEffect, useState } from 'react';
import { consume } from '../../queries/records.ts';

/** Kept; the oldest go. */
const TAIL_RECORDS_MAX = 1_000;
const TAIL_EVERY_MS = 1_000;
const TAIL_AFTER_FAILURE_MS = 3_000;

interface Tail {
  readonly records: readonly RecordOut[];
  readonly error: unknown;
}

const NOTHING: Tail = { records: [], error: undefined };

/** New records of a partition as they come, from its high watermark on; nothing while `from` is undefined. */
export function useTail(topic: string, partition: number, from: number | undefined): Tail {
  const [tail, setTail] = useState(NOTHING);
  useEffect(() => {
    setTail(NOTHING);
    if (from === undefined) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let offset = from;
    const look = async (): Promise<void> => {
      let pauseMs = TAIL_EVERY_MS;
      try {
        const page = await consume(
          { topic, partition, offset, maxRecords: TAIL_RECORDS_MAX },
          stop.signal,
        );
        offset = page.nextOffset;
        setTail((before) => ({
          records:
            page.records.length === 0
              ? before.records
              : [...before.records, ...page.records].slice(-TAIL_RECORDS_MAX),
          error: undefined,
        }));
        if (offset < page.highWatermark) pauseMs = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        setTail((before) => ({ ...before, error }));
        pauseMs = TAIL_AFTER_FAILURE_MS;
      }
      timer = setTimeout(() => void look(), pauseMs);
    };
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [topic, partition, from]);
  return tail;
}
