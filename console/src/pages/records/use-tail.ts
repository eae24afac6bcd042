import type { RecordOut } from '@streamhouse/api/rest/records.ts';
import { useEffect, useState } from 'react';
import { consume, endOf } from '../../queries/records.ts';
import type { Asked } from '../../ui/panel.tsx';

/** Kept; the oldest go. */
const TAIL_RECORDS_MAX = 1_000;
const TAIL_EVERY_MS = 1_000;
const TAIL_AFTER_FAILURE_MS = 3_000;

type Tail = Pick<Asked<readonly RecordOut[]>, 'data' | 'error' | 'dataUpdatedAt'>;

const NOTHING: Tail = { data: undefined, error: null, dataUpdatedAt: 0 };

/** Records of a partition that come while it is on, as they come. */
export function useTail(
  topic: string,
  partition: number,
  isOn: boolean,
): Asked<readonly RecordOut[]> {
  const [tail, setTail] = useState(NOTHING);
  useEffect(() => {
    setTail(NOTHING);
    if (!isOn) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let offset: number | undefined;
    const look = async (): Promise<void> => {
      let pauseMs = TAIL_EVERY_MS;
      try {
        offset ??= await endOf(topic, partition, stop.signal);
        const query = { topic, partition, offset, maxRecords: TAIL_RECORDS_MAX };
        const { records, nextOffset, highWatermark } = await consume(query, stop.signal);
        offset = nextOffset;
        setTail(({ data = [] }) => ({
          data: records.length === 0 ? data : [...data, ...records].slice(-TAIL_RECORDS_MAX),
          error: null,
          dataUpdatedAt: Date.now(),
        }));
        if (nextOffset < highWatermark) pauseMs = 0;
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
  }, [topic, partition, isOn]);
  // It looks all the time by itself.
  return { ...tail, isFetching: true, refetch: () => undefined };
}
