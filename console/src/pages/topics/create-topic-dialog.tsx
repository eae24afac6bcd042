import { useNavigate } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { fieldErrorsOf } from '../../queries/api.ts';
import { useCreateTopic } from '../../queries/topics.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FormFault, SelectField, TextField } from '../../ui/field.tsx';
import { useToast } from '../../ui/toast.tsx';

const DURABILITIES = [
  ['object', 'Object storage'],
  ['memory', 'Memory of an agent'],
] as const;
const FIELDS = ['name', 'partitions', 'durability'];
const PARTITIONS_DEFAULT = '6';
const NAME = /^[a-zA-Z0-9._-]+$/;

/** What is wrong, as far as it can be said without the server. */
function faultsOf(name: string, partitions: string): Map<string, string> {
  const faults = new Map<string, string>();
  if (!NAME.test(name)) faults.set('name', 'Letters, digits, “.”, “_” and “-”');
  if (!/^[1-9]\d{0,5}$/.test(partitions)) faults.set('partitions', 'A whole number from 1 on');
  return faults;
}

export function CreateTopicDialog({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const show = useToast();
  const { mutate, isPending, error } = useCreateTopic();
  const [name, setName] = useState('');
  const [partitions, setPartitions] = useState(PARTITIONS_DEFAULT);
  const [durability, setDurability] = useState<'object' | 'memory'>('object');
  const [faults, setFaults] = useState<Map<string, string>>(new Map());
  const wrong = faults.size > 0 ? faults : fieldErrorsOf(error, FIELDS);
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = faultsOf(name, partitions);
    setFaults(found);
    if (found.size > 0) return;
    const topic = { name, partitions: Number(partitions), durability };
    mutate(topic, {
      onSuccess: () => {
        show('good', `Topic ${name} is made`);
        void navigate({ to: '/topics/$name', params: { name } });
      },
    });
  };
  return (
    <Dialog title="Create Topic" onClose={onClose}>
      <form noValidate onSubmit={onSubmit} className="flex flex-col gap-3">
        <TextField label="Name" isName error={wrong.get('name')} value={name} onChange={setName} />
        <TextField
          label="Partitions"
          hint="They can grow later, never shrink"
          isNumber
          error={wrong.get('partitions')}
          value={partitions}
          onChange={setPartitions}
        />
        <SelectField
          label="Acknowledged once a record is in"
          hint="Memory answers sooner, and loses what was not stored yet when an agent fails"
          error={wrong.get('durability')}
          value={durability}
          onChange={setDurability}
          options={DURABILITIES}
        />
        <p className="text-xs text-muted">Replication: 1, because the object store replicates.</p>
        <FormFault text={wrong.get('')} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={isPending}>
            {isPending ? 'Creating…' : 'Create'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
