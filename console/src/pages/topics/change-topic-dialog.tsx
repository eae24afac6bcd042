import type { Topic } from '@streamhouse/api/rest/topics.ts';
import { useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { fieldErrorsOf, messageOf } from '../../queries/api.ts';
import {
  changeBaseQuery,
  isOvertaken,
  type ReadTopic,
  useChangeTopic,
} from '../../queries/topics.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FormFault, SelectField, TextField } from '../../ui/field.tsx';
import { Status } from '../../ui/status.tsx';
import { useToast } from '../../ui/toast.tsx';
import {
  changeOf,
  differencesOf,
  FIELDS,
  type FieldName,
  spoken,
  textsOf,
  TITLES,
  type Wish,
  warningsOf,
} from './topic-change.ts';

interface ChangeTopicProps {
  readonly name: string;
  readonly onClose: () => void;
}

export function ChangeTopicDialog({ name, onClose }: ChangeTopicProps) {
  const base = useQuery(changeBaseQuery(name));
  return (
    <Dialog title={`Change topic ${name}`} onClose={onClose} width="wide">
      {base.data === undefined ? (
        <p className="min-h-10">
          {base.error === null ? (
            'Reading how it is now…'
          ) : (
            <FormFault text={messageOf(base.error)} />
          )}
        </p>
      ) : (
        <ChangeForm read={base.data} readAgain={() => void base.refetch()} onClose={onClose} />
      )}
    </Dialog>
  );
}

interface ChangeFormProps {
  readonly read: ReadTopic;
  readonly readAgain: () => void;
  readonly onClose: () => void;
}

/** First shows what would change; only then it can be done. */
function ChangeForm({ read, readAgain, onClose }: ChangeFormProps) {
  const { topic } = read;
  const show = useToast();
  const { wish, wrong, write, forget, preview, dryRun, real, error } = useWish(read);
  const lookAgain = (): void => {
    forget();
    readAgain();
  };
  const apply = (): void => {
    if (dryRun.variables === undefined) return;
    real.mutate(dryRun.variables, {
      onSuccess: ({ name }) => {
        show('good', `Topic ${name} is changed`);
        onClose();
      },
    });
  };
  return (
    <>
      <form noValidate onSubmit={preview} className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <WishFields {...{ topic, wish, wrong, write }} />
        <div className="flex flex-wrap items-center gap-3 sm:col-span-2">
          <Button type="submit" disabled={dryRun.isPending}>
            Show what would change
          </Button>
          {isOvertaken(error) ? (
            <Overtaken lookAgain={lookAgain} />
          ) : (
            <FormFault text={wrong.get('')} />
          )}
        </div>
      </form>
      {dryRun.data !== undefined && !isOvertaken(error) && (
        <div ref={intoSight} className="mt-3 flex flex-col gap-3 border-t border-line pt-3">
          <ChangePreview before={topic} after={dryRun.data} />
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button look="primary" disabled={real.isPending} onClick={apply}>
              {real.isPending ? 'Changing…' : 'Change topic'}
            </Button>
          </div>
        </div>
      )}
    </>
  );
}

/** On a phone it would appear below what is seen. */
function intoSight(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

/** What is written, what is wrong with it, and what the server says of it. */
function useWish({ topic, etag }: ReadTopic) {
  const dryRun = useChangeTopic(topic.name, { isDryRun: true });
  const real = useChangeTopic(topic.name, { isDryRun: false });
  const [wish, setWish] = useState<Wish>({});
  const [faults, setFaults] = useState<ReadonlyMap<string, string>>(new Map());
  const error = real.error ?? dryRun.error;
  const wrong = faults.size > 0 ? faults : fieldErrorsOf(error, FIELDS);
  const forget = (): void => {
    setFaults(new Map());
    // What was looked at is what is done: another wish asks for another look.
    dryRun.reset();
    real.reset();
  };
  const write = (field: FieldName, text: string): void => {
    setWish((before) => ({ ...before, [field]: text }));
    forget();
  };
  const preview = (event: SyntheticEvent): void => {
    event.preventDefault();
    forget();
    const { change, faults: found } = changeOf(topic, wish);
    const isSame = Object.values(change).every((value) => value === undefined);
    if (found.size > 0) setFaults(found);
    else if (isSame) setFaults(new Map([['', 'Nothing is different yet']]));
    else dryRun.mutate({ change, etag });
  };
  return { wish, wrong, write, forget, preview, dryRun, real, error };
}

const DURABILITIES = [
  ['object', 'Object storage'],
  ['memory', 'Memory of an agent'],
] as const;

/** How each is written. */
const FORMS: Readonly<Partial<Record<FieldName, string>>> = {
  partitions: 'more only',
  retentionMs: 'as in 168h or 30m; empty: for ever',
  retentionBytes: 'as in 10Gi or 512Mi; empty: no bound',
  'config.maxRecordBytes': 'as in 512Ki, at most 1Mi; empty: default',
};

interface WishFieldsProps {
  readonly topic: Topic;
  readonly wish: Wish;
  readonly wrong: ReadonlyMap<string, string>;
  readonly write: (field: FieldName, text: string) => void;
}

function WishFields({ topic, wish, wrong, write }: WishFieldsProps) {
  const present = textsOf(topic);
  return FIELDS.map((field) => {
    const form = FORMS[field];
    const now = `Now ${spoken(field, present[field])}`;
    const shared = {
      label: TITLES[field],
      hint: form === undefined ? now : `${now}; ${form}`,
      error: wrong.get(field),
      onChange: (text: string) => write(field, text),
    };
    const value = wish[field] ?? present[field];
    return field === 'durability' ? (
      <SelectField key={field} {...shared} value={value} options={DURABILITIES} />
    ) : (
      <TextField
        key={field}
        {...shared}
        value={value}
        isName
        isNumber={field === 'partitions'}
        input={{ autoFocus: field === FIELDS[0] }}
      />
    );
  });
}

function Overtaken({ lookAgain }: { readonly lookAgain: () => void }) {
  return (
    <>
      <FormFault text="Somebody changed it meanwhile: look again. What you wrote is kept." />
      <Button onClick={lookAgain}>Look again</Button>
    </>
  );
}

interface ChangePreviewProps {
  readonly before: Topic;
  readonly after: Topic;
}

function ChangePreview({ before, after }: ChangePreviewProps) {
  return (
    <>
      <ul aria-label="What would change" className="flex flex-col gap-1">
        {differencesOf(before, after).map(({ field, before: old, after: next }) => (
          <li key={field}>
            <span className="text-muted">{TITLES[field]}:</span> {old} → {next}
          </li>
        ))}
      </ul>
      {warningsOf(before, after).map((warning) => (
        <Status key={warning} tone="warn">
          <span className="whitespace-normal">{warning}</span>
        </Status>
      ))}
    </>
  );
}
