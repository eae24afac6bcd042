import type { Group, OffsetReset, ResetResult } from '@streamhouse/api/rest/groups.ts';
import { type SyntheticEvent, useState } from 'react';
import { fieldErrorsOf, messageOf } from '../../queries/api.ts';
import { useResetOffsets } from '../../queries/groups.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FormFault, SelectField, TextField } from '../../ui/field.tsx';
import { plural } from '../../ui/format.ts';
import { useToast } from '../../ui/toast.tsx';
import { ResetPreview } from './reset-preview.tsx';

type Target = OffsetReset['to'];

const TARGETS: readonly (readonly [Target, string])[] = [
  ['earliest', 'The earliest record'],
  ['latest', 'The latest: only what is new'],
  ['offset', 'An offset'],
  ['timestamp', 'A time'],
  ['shift', 'Records forward or back'],
];
const FIELDS = ['topic', 'partitions', 'to', 'value'];

interface Wish {
  readonly topic: string;
  /** As in `0, 3`; empty: all. */
  readonly partitions: string;
  readonly to: Target;
  /** A number, or a local time. */
  readonly value: string;
}

interface ResetOffsetsProps {
  readonly group: Group;
  readonly onClose: () => void;
}

/** First shows what would change; only then it can be done, and the name of the group has to be typed. */
export function ResetOffsetsDialog({ group, onClose }: ResetOffsetsProps) {
  const { groupId, topics } = group;
  const dryRun = useResetOffsets(groupId, { isDryRun: true });
  const [wish, setWish] = useState<Wish>({
    topic: topics[0] ?? '',
    partitions: '',
    to: 'earliest',
    value: '',
  });
  const [faults, setFaults] = useState<Map<string, string>>(new Map());
  const wrong = faults.size > 0 ? faults : fieldErrorsOf(dryRun.error, FIELDS);
  const preview = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = faultsIn(wish);
    setFaults(found);
    if (found.size === 0) dryRun.mutate(bodyOf(wish));
  };
  const change = (part: Partial<Wish>): void => {
    setWish((before) => ({ ...before, ...part }));
    setFaults(new Map());
    // What was looked at is what is done: another wish asks for another look.
    dryRun.reset();
  };
  return (
    <Dialog title={`Reset offsets of ${groupId}`} onClose={onClose} width="wide">
      <form noValidate onSubmit={preview} className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <WishFields {...{ wish, change, wrong }} />
        <div className="flex flex-wrap items-center gap-3 sm:col-span-2">
          <Button type="submit" disabled={dryRun.isPending}>
            Show what would change
          </Button>
          <FormFault text={wrong.get('')} />
        </div>
      </form>
      {dryRun.data !== undefined && (
        <Confirmation
          groupId={groupId}
          body={dryRun.variables}
          result={dryRun.data}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}

interface WishFieldsProps {
  readonly wish: Wish;
  readonly change: (part: Partial<Wish>) => void;
  readonly wrong: ReadonlyMap<string, string>;
}

function WishFields({ wish, change, wrong }: WishFieldsProps) {
  const isTime = wish.to === 'timestamp';
  return (
    <>
      <TextField
        label="Topic"
        isName
        error={wrong.get('topic')}
        value={wish.topic}
        onChange={(topic) => change({ topic })}
      />
      <TextField
        label="Partitions"
        hint="As in 0, 3; empty: all"
        isName
        error={wrong.get('partitions')}
        value={wish.partitions}
        onChange={(partitions) => change({ partitions })}
      />
      <SelectField
        label="Read on from"
        error={wrong.get('to')}
        value={wish.to}
        onChange={(to) => change({ to, value: '' })}
        options={TARGETS}
      />
      {needsValue(wish.to) && (
        <TextField
          label={isTime ? 'Time (local)' : 'Number'}
          isName
          input={isTime ? { type: 'datetime-local', step: 1 } : {}}
          error={wrong.get('value')}
          value={wish.value}
          onChange={(value) => change({ value })}
        />
      )}
    </>
  );
}

interface ConfirmationProps {
  readonly groupId: string;
  readonly body: OffsetReset;
  readonly result: ResetResult;
  readonly onClose: () => void;
}

function Confirmation({ groupId, body, result, onClose }: ConfirmationProps) {
  const show = useToast();
  const { mutate, isPending, error } = useResetOffsets(groupId, { isDryRun: false });
  const [typed, setTyped] = useState('');
  const apply = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (typed !== groupId) return;
    mutate(body, {
      onSuccess: ({ changes }) => {
        show('good', `${plural(changes.length, 'offset')} of ${groupId} set`);
        onClose();
      },
    });
  };
  return (
    <form onSubmit={apply} className="mt-3 flex flex-col gap-3 border-t border-line pt-3">
      <ResetPreview result={result} />
      <TextField
        label={`Type ${groupId} to confirm`}
        isName
        error={error === null ? undefined : messageOf(error)}
        value={typed}
        onChange={setTyped}
      />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="danger" disabled={typed !== groupId || isPending}>
          Reset offsets
        </Button>
      </div>
    </form>
  );
}

function needsValue(to: Target): boolean {
  return to !== 'earliest' && to !== 'latest';
}

function faultsIn({ to, value, partitions }: Wish): Map<string, string> {
  const faults = new Map<string, string>();
  if (!/^\s*(\d{1,9}\s*(,\s*\d{1,9}\s*)*)?$/.test(partitions))
    faults.set('partitions', 'Whole numbers with commas between them');
  if (needsValue(to) && !Number.isSafeInteger(numberOf(to, value)))
    faults.set('value', to === 'timestamp' ? 'A date and a time' : 'A whole number');
  return faults;
}

function numberOf(to: Target, value: string): number {
  if (value.trim() === '') return Number.NaN;
  return to === 'timestamp' ? new Date(value).getTime() : Number(value);
}

function bodyOf({ topic, to, value, partitions }: Wish): OffsetReset {
  const chosen = partitions.split(',').filter((part) => part.trim() !== '');
  return {
    topic,
    to,
    ...(needsValue(to) ? { value: numberOf(to, value) } : {}),
    ...(chosen.length === 0 ? {} : { partitions: chosen.map(Number) }),
  };
}
