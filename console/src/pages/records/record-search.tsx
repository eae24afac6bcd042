import { getRouteApi } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { type SyntheticEvent, useEffect, useState } from 'react';
import type { RecordsStart, ScanCriteria } from '../../queries/records.ts';
import { Button } from '../../ui/button.tsx';
import { Field, SelectField } from '../../ui/field.tsx';
import type { useScan } from './use-scan.ts';

const route = getRouteApi('/topics/$name/messages');

const KINDS = [
  ['text', 'Text'],
  ['filter', 'CEL'],
] as const;
type Kind = (typeof KINDS)[number][0];

const LABELS: Readonly<Record<Kind, string>> = {
  text: 'Text in key, value or headers, in any case',
  filter: 'Expression in CEL that is true of a record',
};

interface RecordSearchProps {
  readonly scan: ReturnType<typeof useScan>;
  readonly start: RecordsStart;
}

/** Reads on from where the page starts and shows only what is looked for. What that is stands in the URL. */
export function RecordSearch({ scan, start: from }: RecordSearchProps) {
  const { q, filter } = route.useSearch();
  const navigate = route.useNavigate();
  const [kind, setKind] = useState<Kind>(filter === undefined ? 'text' : 'filter');
  const [text, setText] = useState(filter ?? q ?? '');
  const { result, start, clear, cancel } = scan;
  const { topic, partition, offset, timestamp } = from;
  const criteria = criteriaOf(q, filter);
  useEffect(() => {
    const wanted = criteriaOf(q, filter);
    if (wanted === undefined) clear();
    else start({ topic, partition, offset, timestamp }, wanted);
  }, [start, clear, topic, partition, offset, timestamp, q, filter]);
  const look = (wanted: string): void => {
    const said = wanted || undefined;
    const [nextQ, nextFilter] = kind === 'text' ? [said, undefined] : [undefined, said];
    if (nextQ === q && nextFilter === filter && criteria !== undefined) start(from, criteria);
    else
      void navigate({
        search: (before) => ({ ...before, q: nextQ, filter: nextFilter }),
        replace: true,
      });
  };
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    look(text);
  };
  const { nextOffset, isAtEnd } = result.progress;
  const canGoOn = result.state === 'done' && nextOffset !== undefined && !isAtEnd;
  return (
    <form role="search" onSubmit={onSubmit} className="flex flex-wrap items-start gap-x-3 gap-y-2">
      <SelectField label="Search by" value={kind} onChange={setKind} options={KINDS} />
      <Field
        label={LABELS[kind]}
        className="grow basis-72"
        error={result.faults.get(kind)}
        hint={kind === 'filter' ? <Examples /> : undefined}
      >
        {(props) => (
          <input
            {...props}
            type="search"
            data-search
            spellCheck={false}
            className={`field ${kind === 'filter' ? 'font-mono' : ''}`}
            value={text}
            onChange={({ target }) => {
              setText(target.value);
              if (target.value === '') look('');
            }}
          />
        )}
      </Field>
      <div className="flex gap-2 sm:pt-5">
        {result.state === 'running' ? (
          <Button onClick={cancel}>Cancel</Button>
        ) : (
          <Button type="submit" icon={Search}>
            Search
          </Button>
        )}
        {canGoOn && criteria !== undefined && (
          <Button onClick={() => start({ topic, partition, offset: nextOffset }, criteria)}>
            Search on
          </Button>
        )}
      </div>
    </form>
  );
}

function criteriaOf(q: string | undefined, filter: string | undefined): ScanCriteria | undefined {
  if (filter !== undefined) return { filter };
  return q === undefined ? undefined : { text: q };
}

function Examples() {
  return (
    <>
      Of <code>key</code>, <code>value</code>, <code>json</code>, <code>headers</code>,{' '}
      <code>offset</code> and <code>timestamp</code>, as in{' '}
      <code>json.amount &gt; 100 &amp;&amp; json.currency == "EUR"</code>,{' '}
      <code>headers.trace == "t-7"</code> or{' '}
      <code>timestamp &gt; timestamp("2026-01-31T12:00:00Z")</code>
    </>
  );
}
