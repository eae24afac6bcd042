import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Radio } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
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

/** Where to read: partition, start and how much at once; or what comes in from now on. */
export function RecordStartForm() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [from, setFrom] = useState<From>(
    search.offset !== undefined ? 'offset' : search.timestamp !== undefined ? 'timestamp' : 'begin',
  );
  const [offset, setOffset] = useState(String(search.offset ?? 0));
  const [time, setTime] = useState(() => localTime(search.timestamp ?? Date.now() - 3_600_000));
  const [max, setMax] = useState(String(search.max ?? MAX.default));
  const [fault, setFault] = useState<{ readonly name: string; readonly text: string }>();
  const faultOf = (field: string): string | undefined =>
    fault?.name === field ? fault.text : undefined;
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = faultIn(from, offset, time, max);
    setFault(found);
    if (found !== undefined) return;
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
      <SelectField label="From" value={from} onChange={setFrom} options={FROM} />
      {from === 'offset' && (
        <TextField
          label="Offset"
          className="w-36"
          isName
          isNumber
          error={faultOf('offset')}
          value={offset}
          onChange={setOffset}
        />
      )}
      {from === 'timestamp' && (
        <TextField
          label="Time (local)"
          className="w-56"
          input={{ type: 'datetime-local', step: 1 }}
          error={faultOf('time')}
          value={time}
          onChange={setTime}
        />
      )}
      <TextField
        label="At once (10 to 1000)"
        className="w-36"
        isNumber
        error={faultOf('max')}
        value={max}
        onChange={setMax}
      />
      <div className="flex gap-2 pt-5">
        <Button type="submit">Load</Button>
        <TailButton />
      </div>
    </form>
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
  const { tail } = route.useSearch();
  const navigate = route.useNavigate();
  const isOn = tail === true;
  return (
    <Button
      icon={Radio}
      aria-pressed={isOn}
      className={isOn ? 'border-accent! text-accent!' : ''}
      onClick={() =>
        void navigate({ search: (before) => ({ ...before, tail: isOn ? undefined : true }) })
      }
    >
      Live tail
    </Button>
  );
}

function faultIn(
  from: From,
  offset: string,
  time: string,
  max: string,
): { readonly name: string; readonly text: string } | undefined {
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
