import { getRouteApi } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
import type { RecordsStart } from '../../queries/records.ts';
import { Button } from '../../ui/button.tsx';
import type { useScan } from './use-scan.ts';

const route = getRouteApi('/topics/$name/messages');

interface RecordSearchProps {
  readonly scan: ReturnType<typeof useScan>;
  readonly start: RecordsStart;
}

/** Reads on from where the page starts and shows only what has the text. */
export function RecordSearch({ scan, start }: RecordSearchProps) {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [text, setText] = useState(q);
  const { result } = scan;
  const canGoOn = result.state === 'done' && !result.progress.isAtEnd;
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true });
    if (text === '') scan.clear();
    else scan.start(start, text);
  };
  const goOn = (): void => {
    const { topic, partition } = start;
    scan.start({ topic, partition, offset: result.progress.nextOffset }, text);
  };
  return (
    <form role="search" onSubmit={onSubmit} className="flex min-w-0 flex-wrap gap-2">
      <input
        type="search"
        data-search
        className="field w-64! grow"
        aria-label="Text in key, value or headers"
        placeholder="Text in key, value or headers"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          if (target.value === '') scan.clear();
        }}
      />
      {result.state === 'running' ? (
        <Button onClick={scan.cancel}>Cancel</Button>
      ) : (
        <Button type="submit" icon={Search}>
          Search
        </Button>
      )}
      {canGoOn && <Button onClick={goOn}>Search on</Button>}
    </form>
  );
}
