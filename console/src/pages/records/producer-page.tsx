import { getRouteApi, Link } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { type KeyboardEvent, type SyntheticEvent, useRef, useState } from 'react';
import { messageOf } from '../../queries/api.ts';
import { useProduce } from '../../queries/records.ts';
import { Button } from '../../ui/button.tsx';
import { Field, SelectField, TextField } from '../../ui/field.tsx';
import { jsonFault } from '../../ui/json.ts';
import { Page } from '../../ui/page.tsx';
import { BulkPanel } from './bulk-panel.tsx';
import { type Sent, useSent } from './sent.ts';
import { SentList } from './sent-list.tsx';
import { TopicInput } from './topic-input.tsx';

const route = getRouteApi('/console');
const FORMATS = [
  ['json', 'JSON'],
  ['text', 'Text'],
] as const;
type Format = (typeof FORMATS)[number][0];

interface Draft {
  readonly key: string;
  readonly value: string;
  /** Empty: as the key says, or any. */
  readonly partition: string;
  readonly format: Format;
}

const EMPTY: Draft = { key: '', value: '', partition: '', format: 'json' };

export function ProducerPage() {
  const { topic = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { sent, add, settle } = useSent();
  const setTopic = (name: string): void =>
    void navigate({ search: { topic: name || undefined }, replace: true });
  return (
    <Page
      title="Producer"
      actions={
        topic !== '' && (
          <Link to="/topics/$name/messages" params={{ name: topic }} className="link">
            View Messages
          </Link>
        )
      }
    >
      <div className="grid grid-cols-1 items-start gap-3 xl:grid-cols-[minmax(24rem,2fr)_3fr]">
        <div className="flex min-w-0 flex-col gap-3">
          <ProducerForm {...{ topic, setTopic, add, settle }} />
          <BulkPanel topic={topic} />
        </div>
        <SentList sent={sent} />
      </div>
    </Page>
  );
}

interface FormProps {
  readonly topic: string;
  readonly setTopic: (name: string) => void;
  readonly add: (record: Omit<Sent, 'id'>) => number;
  readonly settle: (id: number, outcome: Partial<Sent>) => void;
}

function ProducerForm({ topic, setTopic, add, settle }: FormProps) {
  const { mutate } = useProduce();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(EMPTY);
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const change = (part: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...part }));
    setFaults({});
  };
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = faultsIn(topic, draft);
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const key = draft.key === '' ? null : draft.key;
    const { value } = draft;
    const partition = draft.partition === '' ? undefined : Number(draft.partition);
    const pending = { status: 'sending', partition: null, offset: null, error: null } as const;
    const id = add({ topic, key, value, at: Date.now(), ...pending });
    mutate(
      { topic, key, value, partition },
      {
        onSuccess: (place) => settle(id, { status: 'sent', ...place }),
        onError: (error) => settle(id, { status: 'failed', error: messageOf(error) }),
      },
    );
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };
  return (
    <form
      ref={form}
      noValidate
      onSubmit={onSubmit}
      onKeyDown={onKey}
      aria-label="Send a record"
      className="card grid grid-cols-1 gap-3 p-3 sm:grid-cols-3"
    >
      <TopicInput
        value={topic}
        error={faults['topic']}
        onChange={(name) => {
          setTopic(name);
          setFaults({});
        }}
      />
      <DraftFields {...{ draft, change, faults }} />
      <div className="flex flex-wrap items-center gap-3 sm:col-span-3">
        <Button type="submit" look="primary" icon={Send}>
          Send
        </Button>
        <span className="text-xs text-muted">Ctrl Enter or ⌘ Enter</span>
      </div>
    </form>
  );
}

interface DraftFieldsProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly faults: Readonly<Record<string, string>>;
}

function DraftFields({ draft, change, faults }: DraftFieldsProps) {
  return (
    <>
      <TextField
        label="Partition"
        hint="Empty: by the key"
        isName
        isNumber
        input={{ placeholder: 'auto' }}
        error={faults['partition']}
        value={draft.partition}
        onChange={(partition) => change({ partition })}
      />
      <TextField
        label="Key"
        hint="Decides the partition; empty: none"
        className="sm:col-span-2"
        isName
        value={draft.key}
        onChange={(key) => change({ key })}
      />
      <SelectField
        label="Value is"
        value={draft.format}
        onChange={(format) => change({ format })}
        options={FORMATS}
      />
      <Field label="Value" error={faults['value']} className="sm:col-span-3">
        {(props) => (
          <textarea
            {...props}
            rows={8}
            className="field font-mono"
            spellCheck={false}
            placeholder={draft.format === 'json' ? '{"id": 1}' : 'Any text'}
            value={draft.value}
            onChange={({ target }) => change({ value: target.value })}
          />
        )}
      </Field>
    </>
  );
}

function faultsIn(topic: string, { value, partition, format }: Draft): Record<string, string> {
  const faults: Record<string, string> = {};
  if (topic === '') faults['topic'] = 'The name of a topic';
  if (!/^\d{0,9}$/.test(partition)) faults['partition'] = 'A whole number from 0 on, or nothing';
  const fault = format === 'json' ? jsonFault(value) : undefined;
  if (fault !== undefined) faults['value'] = fault;
  return faults;
}
