import type { Encoding, RecordOut } from '@streamhouse/api/rest/records.ts';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Button, IconButton } from '../../ui/button.tsx';
import { Facts, Instant } from '../../ui/figures.tsx';
import { whole } from '../../ui/format.ts';
import { pretty } from '../../ui/json.ts';

/** A browser lays out more than that only when it is asked to. */
const SHOWN_CHARS = 20_000;

interface RecordDetailsProps {
  /** Undefined: it has been asked for. */
  readonly record: RecordOut | undefined;
  readonly onClose: () => void;
}

export function RecordDetails({ record, onClose }: RecordDetailsProps) {
  const label = record === undefined ? 'Record' : `Record ${record.offset}`;
  return (
    <section
      aria-label={label}
      className="card order-first min-h-96 min-w-0 lg:order-none lg:min-h-0"
    >
      <header className="flex min-h-9 items-center justify-between border-b border-line px-3">
        <h2 className="font-semibold">
          Record <span className="font-mono">{record?.offset}</span>
        </h2>
        <IconButton icon={X} label="Close record" onClick={onClose} />
      </header>
      {record !== undefined && <Contents record={record} />}
    </section>
  );
}

function Contents({ record }: { readonly record: RecordOut }) {
  const { partition, offset, headers } = record;
  return (
    <>
      <Facts
        facts={{
          Partition: <span className="font-mono">{partition}</span>,
          Offset: <span className="font-mono">{offset}</span>,
          Timestamp: <Instant value={record.timestamp} isExact />,
        }}
      />
      <Text title="Key" text={record.key} encoding={record.keyEncoding} none="no key" />
      <Text title="Value" text={record.value} encoding={record.valueEncoding} none="tombstone" />
      {headers.length > 0 && (
        <div className="border-t border-line px-3 py-2">
          <h3 className="text-xs text-muted">Headers</h3>
          <dl className="grid grid-cols-[auto_1fr] gap-x-3 font-mono text-xs">
            {headers.map(({ name, value, encoding }, index) => (
              // Names may stand twice.
              <div key={index} className="contents">
                <dt className="text-muted">{name}</dt>
                <dd className="break-all">
                  {value?.slice(0, SHOWN_CHARS) ?? 'null'}
                  {encoding === 'base64' && ' (base64)'}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </>
  );
}

interface TextProps {
  readonly title: string;
  readonly text: string | null;
  readonly encoding: Encoding;
  readonly none: string;
}

function Text({ title, text, encoding, none }: TextProps) {
  const [charsMax, setCharsMax] = useState(SHOWN_CHARS);
  const all = useMemo(() => (text === null ? undefined : pretty(text)), [text]);
  const kind = encoding === 'base64' ? 'base64' : all?.isJson === true ? 'JSON' : 'text';
  return (
    <div className="border-t border-line px-3 py-2">
      <h3 className="text-xs text-muted">
        {title}
        {text !== null && ` (${kind})`}
      </h3>
      {all === undefined ? (
        <p className="text-muted italic">{none}</p>
      ) : (
        <pre
          tabIndex={0}
          aria-label={title}
          className="max-h-[50dvh] overflow-auto font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]"
        >
          {all.text.slice(0, charsMax)}
        </pre>
      )}
      {all !== undefined && all.text.length > charsMax && (
        <p className="flex flex-wrap items-center gap-2 pt-2 text-muted">
          The first {whole(charsMax)} of {whole(all.text.length)} characters.
          <Button onClick={() => setCharsMax(all.text.length)}>Show all</Button>
        </p>
      )}
    </div>
  );
}
