import { type ChangeEvent, useEffect, useRef, useState } from 'react';
import { messageOf } from '../../queries/api.ts';
import { produceBatch } from '../../queries/records.ts';
import { Button } from '../../ui/button.tsx';
import { Field, SelectField } from '../../ui/field.tsx';
import { bytes, plural, whole } from '../../ui/format.ts';
import { Status, type Tone } from '../../ui/status.tsx';
import { type BulkFormat, batchesOf, FILE_BYTES_MAX, recordsOf } from './bulk.ts';

const FORMATS = [
  ['lines', 'a value'],
  ['json', 'JSON with key, value, partition'],
] as const;

interface Progress {
  readonly tone: Tone;
  readonly text: string;
  readonly isRunning: boolean;
}

/** Sends the lines of a file, and says how far it is. */
export function BulkPanel({ topic }: { readonly topic: string }) {
  const [file, setFile] = useState<File>();
  const [format, setFormat] = useState<BulkFormat>('lines');
  const [progress, setProgress] = useState<Progress>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const choose = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    setFile(target.files?.[0]);
    setProgress(undefined);
  };
  const send = async (): Promise<void> => {
    if (file === undefined) return;
    running.current = new AbortController();
    const { signal } = running.current;
    try {
      setProgress(await sendFile(file, { topic, format, signal, onProgress: setProgress }));
    } catch (error) {
      const text = signal.aborted ? 'Cancelled; what was sent stays' : faultText(error);
      setProgress({ tone: signal.aborted ? 'warn' : 'bad', text, isRunning: false });
    }
  };
  return (
    <section aria-label="Bulk from a file" className="card">
      <h2 className="flex min-h-9 items-center border-b border-line px-3 font-semibold">
        Bulk from a file
      </h2>
      <div className="flex flex-wrap items-end gap-3 p-3">
        <Field label="File" className="grow">
          {(props) => <input {...props} type="file" className="field py-1" onChange={choose} />}
        </Field>
        <SelectField label="Each line is" value={format} onChange={setFormat} options={FORMATS} />
        {progress?.isRunning === true ? (
          <Button onClick={() => running.current?.abort()}>Cancel</Button>
        ) : (
          <Button disabled={file === undefined || topic === ''} onClick={() => void send()}>
            Send file
          </Button>
        )}
        <p role="status" className="min-h-5 basis-full">
          {progress !== undefined && <Status tone={progress.tone}>{progress.text}</Status>}
        </p>
      </div>
    </section>
  );
}

interface Sending {
  readonly topic: string;
  readonly format: BulkFormat;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

async function sendFile(
  file: File,
  { topic, format, signal, onProgress }: Sending,
): Promise<Progress> {
  if (file.size > FILE_BYTES_MAX) throw new Error(`At most ${bytes(FILE_BYTES_MAX)} at once`);
  const records = recordsOf(await file.text(), format);
  let [sent, failed, detail] = [0, 0, ''];
  for (const batch of batchesOf(records)) {
    const result = await produceBatch({ topic, records: batch }, signal);
    sent += result.produced;
    failed += result.failed;
    detail ||= result.results.find(({ error }) => error !== undefined)?.error?.detail ?? '';
    const text = `${whole(sent)} of ${whole(records.length)} sent…`;
    onProgress({ tone: 'none', text, isRunning: true });
  }
  const text = `${plural(sent, 'record')} sent`;
  return failed === 0
    ? { tone: 'good', text, isRunning: false }
    : { tone: 'bad', text: `${text}, ${whole(failed)} not: ${detail}`, isRunning: false };
}

function faultText(error: unknown): string {
  const isOurs = error instanceof Error && error.constructor === Error;
  return isOurs ? error.message : messageOf(error);
}
