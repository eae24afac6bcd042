import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Radio } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
import { useForgetRecords } from '../../queries/records.ts';
import { topicQuery } from '../../queries/topics.ts';
import { Button } from '../../ui/button.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';

const route = getRouteApi('/topics/$name/messages');
const MAX = { min: 10, max: 1_000, default: 100 } as const;

const FROM = [
  ['begin', 'The beginning'],
  ['offset', 'An offset'],
  ['timestamp', 'A time'],
] as const;
type From = (typeof FROM)[number][0];

interface Draft {
  readonly from: From;
  readonly offset: string;
  /** As `datetime-local` writes it. */
  readonly time: string;
  readonly max: string;
}

interface Fault {
  readonly name: keyof Draft;
  readonly text: string;
}

/** Where to read: partition, start and how much at once; or what comes in from now on. */
export function RecordStartForm() {
  const { name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const forget = useForgetRecords(name);
  const [draft, setDraft] = useState(() => draftOf(search));
  const [fault, setFault] = useState<Fault>();
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = faultIn(draft);
    setFault(found);
    if (found !== undefined) return;
    forget();
    const { from, offset, time, max } = draft;
    void navigate({
      search: ({ partition, q, filter }) => ({
        partition,
        q,
        filter,
        max: Number(max),
        offset: from === 'offset' ? Number(offset) : undefined,
        timestamp: from === 'timestamp' ? new Date(time).getTime() : undefined,
      }),
    });
  };
  return (
    <form noValidate onSubmit={onSubmit} className="flex flex-wrap items-start gap-x-3 gap-y-2">
      <PartitionField />
      <DraftFields
        draft={draft}
        fault={fault}
        change={(part) => setDraft((before) => ({ ...before, ...part }))}
      />
      <div className="flex gap-2 sm:pt-5">
        <Button type="submit">Load</Button>
        <TailButton />
      </div>
    </form>
  );
}

interface DraftFieldsProps {
  readonly draft: Draft;
  readonly fault: Fault | undefined;
  readonly change: (part: Partial<Draft>) => void;
}

function DraftFields({ draft, fault, change }: DraftFieldsProps) {
  const { from, offset, time, max } = draft;
  const faultOf = (name: keyof Draft): string | undefined =>
    fault?.name === name ? fault.text : undefined;
  return (
    <>
      <SelectField
        label="From"
        value={from}
        onChange={(chosen) => change({ from: chosen })}
        options={FROM}
      />
      {from === 'offset' && (
        <TextField
          label="Offset"
          className="w-36"
          isName
          isNumber
          error={faultOf('offset')}
          value={offset}
          onChange={(text) => change({ offset: text })}
        />
      )}
      {from === 'timestamp' && (
        <TextField
          label="Time (local)"
          className="w-56"
          input={{ type: 'datetime-local', step: 1 }}
          error={faultOf('time')}
          value={time}
          onChange={(text) => change({ time: text })}
        />
      )}
      <TextField
        label="At once (10 to 1000)"
        className="w-36"
        isNumber
        error={faultOf('max')}
        value={max}
        onChange={(text) => change({ max: text })}
      />
    </>
  );
}

function PartitionField() {
  const { name } = route.useParams();
  const { partition: chosen = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: topic } = useQuery(topicQuery(name));
  const count = topic?.partitions ?? chosen + 1;
  return (
    <SelectField
      label="Partition"
      value={String(chosen)}
      onChange={(text) =>
        void navigate({
          search: (before) => ({ ...before, partition: Number(text), record: undefined }),
        })
      }
      options={Array.from({ length: count }, (_, index) => [String(index), String(index)])}
    />
  );
}

function TailButton() {
  const { name } = route.useParams();
  const forget = useForgetRecords(name);
  const { tail } = route.useSearch();
  const navigate = route.useNavigate();
  const isOn = tail === true;
  return (
    <Button
      icon={Radio}
      aria-pressed={isOn}
      className={isOn ? 'border-accent! text-accent!' : ''}
      onClick={() => {
        // What came meanwhile is among what is shown then.
        forget();
        void navigate({ search: (before) => ({ ...before, tail: isOn ? undefined : true }) });
      }}
    >
      Live tail
    </Button>
  );
}

function draftOf({ offset, timestamp, max }: ReturnType<typeof route.useSearch>): Draft {
  return {
    from: offset !== undefined ? 'offset' : timestamp !== undefined ? 'timestamp' : 'begin',
    offset: String(offset ?? 0),
    time: localTime(timestamp ?? Date.now() - 3_600_000),
    max: String(max ?? MAX.default),
  };
}

function faultIn({ from, offset, time, max }: Draft): Fault | undefined {
  if (from === 'offset' && !/^\d{1,15}$/.test(offset))
    return { name: 'offset', text: 'A whole number from 0 on' };
  if (from === 'timestamp' && Number.isNaN(new Date(time).getTime()))
    return { name: 'time', text: 'A date and a time' };
  if (!/^\d{2,4}$/.test(max) || Number(max) < MAX.min || Number(max) > MAX.max)
    return { name: 'max', text: 'A whole number from 10 to 1000' };
  return undefined;
}

/** As `datetime-local` writes it. */
function localTime(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
